"""What carries a text to a person, whatever the service: its port, and that of mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from tokkatot.cloud.channels.model import Failure
from tokkatot.cloud.platform.mail import Mail, MailDelayed, Mailer, MailRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text with all that a service needs to take it to a person."""

    address: str
    secrets: Mapping[str, str] = field(repr=False)
    title: str
    body: str
    path: str
    link: str | None
    """The whole address of the page, where the cloud knows its own."""
    urgent: bool

    @property
    def text(self) -> str:
        """Return what stands below the title."""
        return self.body if self.link is None else f"{self.body}\n{self.link}"


class NotTaken(Exception):
    """The service did not take it; the text is for the log."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure

    @property
    def for_good(self) -> bool:
        """Tell whether another try is in vain."""
        return self.failure not in (Failure.NO_ANSWER, Failure.BUSY)


class Carrier(Protocol):
    """One service that takes texts to people."""

    async def carry(self, letter: Letter) -> None:
        """Hand a letter over; once this returns, the service answers for it.

        Raises:
            NotTaken: when it does not take it.
        """
        ...


class MailCarrier(Carrier):
    """Takes letters by mail."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    @override
    async def carry(self, letter: Letter) -> None:
        mail = Mail(to=letter.address, subject=letter.title, text=letter.text + "\n")
        try:
            await self._mailer.send(mail)
        except MailRefused as error:
            raise NotTaken(Failure.REFUSED, str(error)) from error
        except MailDelayed as error:
            raise NotTaken(Failure.NO_ANSWER, str(error)) from error
