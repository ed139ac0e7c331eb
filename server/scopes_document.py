"""The table of roles and scopes, as docs/scopes.md holds it."""

from auth.scopes import DESCRIPTIONS, ROLE_SCOPES, Scope

HEAD = """\
# Roles and scopes

Printed by `python -m server print-scopes` from `auth/scopes.py`; `make schema` writes it.

A scope is what a token can allow. A user's token carries those that were asked for, as far as the application is
registered for them and one of the user's roles has them below; a role that is revoked takes them out of every token at
once. Which rows a scope then reaches is visibility (`auth/visibility.py`). A service client has the scopes that it is
registered for, and no roles.
"""


def scopes_document() -> str:
    """Markdown, with a final newline."""
    lines = [
        f"| scope | lets | {' | '.join(ROLE_SCOPES)} |",
        f"|---|---|{':-:|' * len(ROLE_SCOPES)}",
    ]
    for scope in Scope:
        has = " | ".join("✓" if scope in scopes else " " for scopes in ROLE_SCOPES.values())
        lines.append(f"| `{scope}` | {DESCRIPTIONS[scope][0].lower() + DESCRIPTIONS[scope][1:]} | {has} |")
    return HEAD + "\n" + "\n".join(lines) + "\n"
