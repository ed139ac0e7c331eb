"""What people write about themselves, checked."""

import re

from email_validator import EmailNotValidError, validate_email

from auth.passwords import PasswordRefused, check_new_password
from domain.refusal import Invalid
from domain.standards import LANGUAGES

LONGEST_NAME, LONGEST_PHONE, LONGEST_REASON = 200, 40, 1_000
PHONE = re.compile(r"\+?[0-9 ()/.-]*[0-9][0-9 ()/.-]*")
TAG = re.compile(r"([a-z]{2})(-[A-Za-z0-9]{2,8}){0,3}")


class Wrong(dict[str, str]):
    """What is wrong with each field, so that all of it is said at once."""

    def check(self) -> None:
        """Raises Invalid if anything is wrong."""
        if self:
            raise Invalid(self)

    def name(self, name: str) -> str:
        """A name without surrounding spaces."""
        name = name.strip()
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            self["name"] = f"a name has 1 to {LONGEST_NAME} characters"
        return name

    def email(self, email: str) -> str:
        """An address as it is stored. Whether mail arrives there is found out by sending one."""
        try:
            return validate_email(email.strip(), check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            self["email"] = "this is not an email address"
            return email

    def phone(self, phone: str | None) -> str | None:
        """A telephone number; what is blank is none."""
        phone = (phone or "").strip() or None
        if phone is not None and (len(phone) > LONGEST_PHONE or not PHONE.fullmatch(phone)):
            self["phone"] = "this is not a telephone number"
        return phone

    def language(self, language: str | None) -> str:
        """A language tag, such as en or pt-BR."""
        found = TAG.fullmatch(language or "")
        if found is None or found[1] not in LANGUAGES:
            self["language"] = "a language is a BCP 47 tag, such as en or pt-BR"
        return language or ""

    def password(self, field: str, password: str, email: str) -> str:
        """A password that may be chosen."""
        try:
            check_new_password(password, email)
        except PasswordRefused as refused:
            self[field] = str(refused)
        return password

    def reason(self, reason: str | None, *, needed: bool = False) -> str | None:
        """Why something is done; what is blank is none."""
        reason = (reason or "").strip() or None
        if reason is None and needed:
            self["reason"] = "say why"
        if reason is not None and (len(reason) > LONGEST_REASON or "\0" in reason):
            self["reason"] = f"a reason has at most {LONGEST_REASON} characters"
        return reason
