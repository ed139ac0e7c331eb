"""Names of people by origin, from faker's own tables: drawing 50,000 takes a blink, and needs no faker instance."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from random import Random

# faker has Nepali names in Devanagari only.
NEPAL_FIRST = (
    "Aarati Anjali Bibek Binod Bishnu Deepak Dipa Gita Hari Ishwor Kabita Kamal Kiran Laxmi Manish Maya Nabin "
    "Nirmala Pasang Prakash Pramila Puja Rajan Ramesh Rita Roshan Sabina Sagar Sandhya Sanjay Sarita Shanti "
    "Sita Sujan Sunita Suresh Tara Umesh Uttam Yam"
)
NEPAL_LAST = (
    "Acharya Adhikari Basnet Bhandari Bhattarai Chhetri Dahal Dhakal Gautam Ghimire Gurung Karki Khadka "
    "Koirala Lama Limbu Magar Maharjan Nepal Pandey Paudel Pokharel Pradhan Rai Rana Sapkota Shah Shakya "
    "Sharma Sherpa Shrestha Tamang Thapa Tuladhar Upreti"
)
LETTERS = str.maketrans({"ß": "ss", "\u0131": "i", "ø": "o", "ł": "l", "æ": "ae"})


@cache
def lists(origin: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """First and last names of an origin."""
    if origin == "nepal":
        return tuple(NEPAL_FIRST.split()), tuple(NEPAL_LAST.split())
    provider = import_module(f"faker.providers.person.{origin}").Provider
    return tuple(provider.first_names), tuple(provider.last_names)


def draw(random: Random, origins: Mapping[str, int]) -> str:
    """A full name; `origins` are weights."""
    (origin,) = random.choices(tuple(origins), tuple(origins.values()))
    first, last = lists(origin)
    return f"{random.choice(first)} {random.choice(last)}"


def email(name: str, user_id: int) -> str:
    """An address that is unique because the user's id stands in it, under a domain kept for examples (RFC 2606)."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    local = "".join(letter if letter.isalnum() else "." for letter in plain)
    return f"{local}.{user_id}@example.{'com' if user_id % 3 else 'org'}"
