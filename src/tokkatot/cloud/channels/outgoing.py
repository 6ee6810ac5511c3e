"""Puts what people are told on its way over their channels, in the transaction that tells it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from tokkatot.cloud.channels import store
from tokkatot.cloud.channels.model import Channel, Delivery
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import Severity

MAX_WAITING = 50
"""On its way over one channel, and so much that is urgent beside that.

What comes beyond stands in the message centre alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text in a person's language, and the page of the app that it leads to."""

    title: str
    body: str
    path: str
    urgent: bool


async def open_channels(
    tx: Transaction, people: Iterable[UUID], severity: Severity
) -> Sequence[Channel]:
    """Return the channels over which people want to hear of something so bad.

    They stay until the transaction ends; nobody is waited for.
    """
    return await store.open_channels(
        tx.session, people, severity, now=tx.now, waiting_less_than=MAX_WAITING
    )


def send(tx: Transaction, channel: Channel, note: Note) -> None:
    """Put a note on its way; a courier carries it once this transaction is committed."""
    tx.session.add(
        Delivery(
            id=tx.new_id(),
            channel_id=channel.id,
            kind=channel.kind,
            urgent=note.urgent,
            title=note.title,
            body=note.body,
            path=note.path,
            made_at=tx.now,
            due_at=tx.now,
            tries=0,
        )
    )
