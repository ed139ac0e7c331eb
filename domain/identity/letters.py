"""What mails say.

To an address that is not verified nothing is written that a stranger chose, such as a name: he could make it say
anything in ours.
"""

from dataclasses import dataclass

from models import MailKind
from models.oauth import LinkPurpose


@dataclass(frozen=True)
class Letter:
    """A mail's text, with places for the recipient's name, a link and our address."""

    subject: str
    text: str
    link: LinkPurpose | None = None


LETTERS = {
    MailKind.VERIFY_EMAIL: Letter(
        "Confirm your address",
        """\
Hello,

somebody, most likely you, registered at Clinicgraph with this address. Confirm it, and you can sign in:

{link}

The link works once, for three days. If it was not you, there is nothing to do: without it nobody can sign in.
""",
        LinkPurpose.VERIFY_EMAIL,
    ),
    MailKind.ALREADY_REGISTERED: Letter(
        "You already have an account",
        """\
Hello {name},

somebody, most likely you, wanted to register at Clinicgraph with this address. It has an account already:

{address}/oauth/sign-in

If the password is lost, choose a new one there. If it was not you, there is nothing to do: nothing was changed, and
nobody was told that you have an account.
""",
    ),
    MailKind.INVITATION: Letter(
        "Your account at Clinicgraph",
        """\
Hello {name},

you are invited to Clinicgraph. Choose a password, and you can sign in:

{link}

The link works once, for three days. After that, ask whoever invited you for another.
""",
        LinkPurpose.INVITATION,
    ),
    MailKind.PASSWORD_CHANGED: Letter(
        "Your password was changed",
        """\
Hello {name},

the password of your account at Clinicgraph was changed, and you were signed out everywhere.

If it was not you, choose another one now, and tell us:

{address}/oauth/forgot
""",
    ),
}
