"""The nouns: types, enums, scalars, directives, paging. A field's body is one loader."""

import schema.enums  # noqa: F401 - shown before any type that uses them, whatever is imported first
