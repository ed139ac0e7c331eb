"""The nouns: types, enums, scalars, directives, paging. A field's body is one loader."""
