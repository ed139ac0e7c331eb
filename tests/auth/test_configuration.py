"""What surrounds the server: scopes, secrets, settings, metadata, mail, and plain http while developing."""

import asyncio
import email
import email.policy
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from auth import scopes
from auth.oauth.configuration import Configuration, ConfigurationError
from auth.oauth.secret import Secret, SecretError, new_token, secret_in
from auth.scopes import Scope
from gateways.mail import Mail, MailRefused, mail_gateway
from gateways.mail.smtp import SmtpMail, SmtpUrlError
from models.enums import Role
from server import oauth
from server.oauth.configure import configure
from tests.auth.world import AT, LIGHT_WORK, PASSWORD, Browser, Forms, Mailbox, World, authorize

MAIL = Mail("pat@example.org", "Grüße", "A line with ümlauts\n.\nand one after a dot\n")


def test_every_role_and_scope_stands_in_the_table() -> None:
    assert set(scopes.ROLE_SCOPES) == set(Role)
    assert set(scopes.DESCRIPTIONS) == set(Scope)
    assert scopes.of_roles([Role.ADMIN]) == set(Scope)
    assert scopes.of_roles([]) == scopes.IDENTITY
    assert scopes.of_roles([Role.PATIENT, Role.DOCTOR]) > scopes.of_roles([Role.DOCTOR])
    for role in set(Role) - {Role.ADMIN}:
        assert not scopes.of_roles([role]) & {
            Scope.USER_ADMIN, Scope.AUDIT_READ, Scope.APPOINTMENT_OVERRIDE, Scope.DASHBOARD_ADMIN, Scope.PAYOUT_WRITE,
        }  # fmt: skip
    assert scopes.written({"slot:read", "openid"}) == "openid slot:read"
    with pytest.raises(ValueError, match="no:such"):
        scopes.known("openid no:such")


def test_a_secret_of_development_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: secret_in(tmp_path / "data"), range(16)))
    assert made == {secret_in(tmp_path / "data")}
    files = list((tmp_path / "data").iterdir())
    assert [file.name for file in files] == ["secret.key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_what_is_sealed_is_opened_only_for_the_same_purpose_and_context() -> None:
    secret = Secret(new_token())
    sealed = secret.seal("one", "context", b"plain")
    assert secret.open("one", "context", sealed) == b"plain"
    assert b"plain" not in sealed
    assert secret.value not in repr(secret)
    for purpose, context, opener in (
        ("two", "context", secret),
        ("one", "other", secret),
        ("one", "context", Secret("x" * 32)),
    ):
        with pytest.raises(SecretError):
            opener.open(purpose, context, sealed)
    assert secret.mac("p", "ab", "c") != secret.mac("p", "a", "bc")
    with pytest.raises(SecretError):
        Secret("short")


@pytest.mark.parametrize("url", ["clinic.example", "ftp://clinic.example", "https://", "https://x/path", "https://x?q"])
def test_a_public_url_is_a_scheme_and_a_host(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Configuration(url, Secret(new_token()))


def test_production_needs_a_secret_and_https(tmp_path: Path) -> None:
    key = new_token()
    configure(public_url="https://clinic.example/", secret_key=key, data_dir=tmp_path, production=True)
    for url, secret in (("https://clinic.example", None), ("http://clinic.example", key)):
        with pytest.raises(ConfigurationError):
            configure(public_url=url, secret_key=secret, data_dir=tmp_path, production=True)
    assert list(tmp_path.iterdir()) == []


async def test_metadata_names_what_is_there(world: World) -> None:
    http = await world.http()
    server = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert server == (await http.get("/.well-known/openid-configuration")).json()
    assert server["issuer"] == AT
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert set(server["grant_types_supported"]) == {"authorization_code", "refresh_token", "client_credentials"}
    for name in ("authorization", "token", "revocation", "introspection"):
        address = server[f"{name}_endpoint"]
        assert address.startswith(AT)
        assert (await http.put(address)).status_code == 405
    assert (await http.get(server["jwks_uri"])).json()["keys"][0]["alg"] == "ES256"
    resource = (await http.get("/.well-known/oauth-protected-resource")).json()
    assert (resource["resource"], resource["authorization_servers"]) == (AT, [AT])


async def test_over_plain_http_it_works_by_whatever_name_the_machine_has(world: World) -> None:
    edge = oauth.Edge(
        Configuration("http://127.0.0.1:8000", Secret(new_token()), password_work=LIGHT_WORK), Mailbox(), world.clock
    )
    async with edge.open(world.dsn):
        transport = httpx.ASGITransport(Starlette(routes=oauth.routes(edge)))
        for host in ("127.0.0.1:8000", "localhost:8000"):
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
                page = await http.get("/oauth/sign-in")
                action, fields = Forms(page.text).found[0]
                form = fields | {"email": "pat@example.org", "password": PASSWORD}
                forged = await http.post(action, data=form, headers={"origin": "http://evil.test"})
                assert forged.status_code == 403
                done = await http.post(action, data=form, headers={"origin": f"http://{host}"})
                assert done.status_code == 303
                assert "Secure" not in done.headers["set-cookie"]
                assert "Signed in as" in (await http.get("/oauth/sessions")).text


async def test_consents_add_up(world: World) -> None:
    browser: Browser = await world.signed_in()
    await world.code(browser, scope="openid")
    await world.code(browser, scope="appointment:read")
    assert (await browser.open(authorize(scope="openid appointment:read", prompt="none"))).is_redirect
    assert "code=" in browser.page.headers["location"]


async def test_mails_are_files_while_developing(tmp_path: Path) -> None:
    gateway = mail_gateway(None, tmp_path)
    await asyncio.gather(*(gateway.send(MAIL) for _ in range(3)))
    files = list((tmp_path / "mail").iterdir())
    assert len(files) == 3
    message = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert (message["To"], message["Subject"]) == ("pat@example.org", "Grüße")
    assert "ümlauts" in message.get_content()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    for wrong in ("pat@example.org\nBcc: all@example.org",):
        with pytest.raises(MailRefused):
            await gateway.send(Mail(wrong, "x", "x"))


class Smtp:
    """A mail server that says yes, or one thing only."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.heard: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            word = line.split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go\r\n")
                while (part := await reader.readline()) != b".\r\n":
                    self.heard.append(part.decode().rstrip("\r\n"))
            answer = self.refuses if word == "RCPT" and self.refuses else "221 bye" if word == "QUIT" else "250 fine"
            writer.write(answer.encode() + b"\r\n")
            if word == "QUIT":
                break
        writer.close()


@pytest.mark.parametrize("refuses", ["", "550 nobody here"])
async def test_mails_go_to_a_server(refuses: str) -> None:
    smtp = Smtp(refuses)
    async with await asyncio.start_server(smtp.talk, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        gateway = mail_gateway(f"smtp://127.0.0.1:{port}?from=clinic@example.org", Path())
        if refuses:
            with pytest.raises(MailRefused) as refused:
                await gateway.send(MAIL)
            assert "pat@example.org" not in str(refused.value)
            return
        await gateway.send(MAIL)
    assert "To: pat@example.org" in smtp.heard
    assert any(line.startswith("MAIL FROM:<clinic@example.org>") for line in smtp.heard)
    with pytest.raises(MailRefused):
        await gateway.send(MAIL)


def test_a_mail_servers_address_says_who_sends() -> None:
    found = SmtpMail.at("smtps://us%40er:p%3Aw@mail.example?from=clinic@example.org")
    assert (found.host, found.port, found.user, found.password, found.implicit_tls) == (
        "mail.example",
        465,
        "us@er",
        "p:w",
        True,
    )
    assert "p:w" not in repr(found)
    for wrong in ("smtp://mail.example", "https://mail.example?from=a@b", "smtp://?from=a@b"):
        with pytest.raises(SmtpUrlError):
            SmtpMail.at(wrong)
