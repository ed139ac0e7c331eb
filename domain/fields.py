"""What the fields of a record may be. All that is wrong is said at once, each with the field that it is about."""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

import phonenumbers

from domain.identity.particulars import Wrong
from domain.standards import CURRENCIES, LANGUAGES, POSTAL_CODES

OLDEST = 130  # years
LICENCE = re.compile(r"[0-9A-Z][0-9A-Z ./-]{1,38}[0-9A-Z]")
SHORT, LONG = 200, 5_000  # characters: of a line, of an account in words


@cache
def countries() -> frozenset[str]:
    """ISO 3166 alpha-2 codes, as the time zone database lists them."""
    lines = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line[:2] for line in lines if not line.startswith("#"))


@cache
def time_zones() -> frozenset[str]:
    """IANA time zones."""
    return frozenset(available_timezones())


class Fields(Wrong):
    """What is wrong with each field. A name is written here as in the tables, and said as in the schema."""

    def __setitem__(self, name: str, problem: str) -> None:
        head, *rest = name.split("_")
        super().__setitem__(head + "".join(word.capitalize() for word in rest), problem)

    def text(self, name: str, value: str | None, *, longest: int = SHORT, needed: bool = False) -> str | None:
        """A text without surrounding spaces; what is blank is none."""
        value = (value or "").strip() or None
        if value is None:
            if needed:
                self[name] = "this cannot be empty"
        elif len(value) > longest or any(not (c.isprintable() or (c in "\n\t" and longest > SHORT)) for c in value):
            self[name] = f"this is a text of at most {longest} characters"
        return value

    def phone(self, phone: str | None, country: str | None = None) -> str | None:
        """A telephone number, E.164; without the prefix of a country it is one of `country`."""
        text = (phone or "").strip()
        if not text or "country" in self:
            return text or None
        try:
            number = phonenumbers.parse(text[:SHORT], country)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or len(text) > SHORT or not phonenumbers.is_possible_number(number):
            self["phone"] = "this is not a telephone number, such as +49 30 1234567"
            return text
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def languages(self, languages: Sequence[str] | None) -> list[str]:
        """Languages that somebody speaks, each once."""
        once = list(dict.fromkeys(languages or ()))
        if not 1 <= len(once) <= 20 or not LANGUAGES.issuperset(once):
            self["languages"] = "1 to 20 languages, each a two-letter code of ISO 639-1, such as en"
        return once

    def one_of(self, name: str, value: str | None, known: frozenset[str], kind: str) -> str:
        """One of the known codes."""
        if value not in known:
            self[name] = f"this is not {kind}"
        return value or ""

    def country(self, country: str | None) -> str:
        return self.one_of("country", country, countries(), "a country's code of ISO 3166, such as DE")

    def currency(self, name: str, currency: str | None) -> str:
        return self.one_of(name, currency, CURRENCIES, "a currency of ISO 4217, such as EUR")

    def time_zone(self, time_zone: str | None) -> str:
        return self.one_of("time_zone", time_zone, time_zones(), "an IANA time zone, such as Europe/Berlin")

    def postal_code(self, code: str | None, country: str | None) -> str | None:
        """A postal code; its form is looked at where the country's is known."""
        code = self.text("postal_code", code, longest=16)
        pattern = POSTAL_CODES.get(country or "")
        if code is not None and pattern is not None and not re.fullmatch(pattern, code):
            self["postal_code"] = f"this is not a postal code of {country}"
        return code

    def licence(self, name: str, number: str | None) -> str:
        """The number of a licence, in capitals."""
        number = (number or "").strip().upper()
        if not LICENCE.fullmatch(number):
            self[name] = "a licence number has 3 to 40 letters, digits, spaces, or any of . / -"
        return number

    def whole(self, name: str, value: int | None, lowest: int, highest: int) -> int:
        """A whole number within a range."""
        if value is None or not lowest <= value <= highest:
            self[name] = f"this is a whole number from {lowest} to {highest}"
        return value or 0

    def degrees(self, name: str, value: float | None, most: int) -> float:
        if value is None or not -most <= value <= most:
            self[name] = f"this is from -{most} to {most} degrees"
        return value or 0.0

    def born(self, born: date | None, today: date) -> date | None:
        """A day of birth."""
        if born is not None and (born > today or born.year <= today.year - OLDEST):
            self["date_of_birth"] = f"this is not a day of birth: it is to come, or {OLDEST} years ago"
        return born
