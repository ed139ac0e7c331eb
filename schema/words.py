"""Texts as they are asked for."""

from loaders import words
from schema.errors import BadUserInput

LONGEST_TEXT = 200


def filter_text(name: str, value: str | None) -> str | None:
    """A text to compare with. Raises BadUserInput for what no stored text can be."""
    if value is not None and (len(value) > LONGEST_TEXT or "\0" in value):
        raise BadUserInput(f"{name} must be at most {LONGEST_TEXT} characters, without NUL")
    return value


def search_words(search: str | None) -> str | None:
    """A text-search query for the words of a name; blank asks for nothing. Raises BadUserInput when it has no word."""
    search = filter_text("search", search)
    if search is None or not search.strip():
        return None
    query = words.prefixes(search)
    if query is None:
        raise BadUserInput("search must have a letter or a digit")
    return query
