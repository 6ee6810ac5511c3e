"""A real mail server in the test's own loop, which keeps what it takes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN, PASSWORD = "tokkatot", "p@ss/word"


@dataclass
class PostOffice:
    """What came, and what is to be answered to the next recipients."""

    url: str = ""
    taken: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """To `RCPT TO`, one a mail; without one it is taken."""

    # The names and arguments are those with which aiosmtpd calls.
    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient or not."""
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.taken.append(mail)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        """Let one login in."""
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        fits = (data.login.decode(), data.password.decode()) == (LOGIN, PASSWORD)
        return AuthResult(success=fits)


@asynccontextmanager
async def post_office(tls: ssl.SSLContext | None = None) -> AsyncIterator[PostOffice]:
    """Run it, with STARTTLS where a context is given; without, it asks for no login."""
    office = PostOffice()

    def speak() -> SMTP:
        return SMTP(
            office,
            hostname="localhost",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=tls is not None,
            authenticator=office.authenticate,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(speak, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        office.url = f"127.0.0.1:{port}"
        yield office
