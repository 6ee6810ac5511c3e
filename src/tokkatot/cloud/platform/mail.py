"""Hands single mails to the server that the settings name."""

import asyncio
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib

from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.cloud.platform.smtp_url import SmtpServer
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource

SEND_TIMEOUT_S = 30.0
"""For the whole talk with the server."""
_ANSWER_TIMEOUT_S = 10.0
_FOR_EVER = 500
"""From this code on, a server's refusal stays one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to one person."""

    to: str
    subject: str
    text: str


class MailRefused(Exception):
    """This mail will never be taken, such as for an address that does not exist."""


class MailDelayed(Exception):
    """The server could not take the mail now; it may another time."""


class Mailer:
    """Sends mails, each over a connection of its own, since they are few."""

    def __init__(self, server: SmtpServer, sender: str, *, clock: Clock, ids: IdSource) -> None:
        self._server = server
        name, address = parseaddr(sender)
        self._sender = Address(display_name=name, addr_spec=address)
        self._clock = clock
        self._ids = ids

    @classmethod
    def open(cls, settings: CloudSettings, *, clock: Clock, ids: IdSource) -> "Mailer | None":
        """Return the mailer of these settings, or None where they name no server."""
        if settings.smtp_url is None:
            return None
        assert settings.mail_from is not None, "checked with the settings"
        server = SmtpServer.parse(settings.smtp_url)
        return cls(server, settings.mail_from, clock=clock, ids=ids)

    async def send(self, mail: Mail) -> None:
        """Hand a mail over; once this returns, the server answers for it.

        Raises:
            MailRefused: when it will never take this mail.
            MailDelayed: when it can't now.
        """
        server = self._server
        message = self._message(mail)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await aiosmtplib.send(
                    message,
                    sender=self._sender.addr_spec,
                    recipients=[mail.to],
                    hostname=server.host,
                    port=server.port,
                    username=server.login,
                    password=server.password,
                    use_tls=server.use_tls,
                    start_tls=server.start_tls,
                    timeout=_ANSWER_TIMEOUT_S,
                    # Else the machine's own name is looked up, which may take long.
                    local_hostname=self._sender.domain,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            worst = min(refused.code for refused in error.recipients)
            raise _failure(worst, error) from error
        except aiosmtplib.SMTPDataError as error:
            raise _failure(error.code, error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailDelayed(_words(error)) from error

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        try:
            message["To"] = Address(addr_spec=mail.to)
        except (ValueError, IndexError, MessageError):
            raise MailRefused("the address can't stand in a mail") from None
        message["From"] = self._sender
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{self._ids.new()}@{self._sender.domain}>"
        # No out-of-office notice answers a machine.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def _failure(code: int, error: Exception) -> MailRefused | MailDelayed:
    return MailRefused(_words(error)) if code >= _FOR_EVER else MailDelayed(_words(error))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
