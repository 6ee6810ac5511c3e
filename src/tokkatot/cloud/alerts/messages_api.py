"""The routes of a person's messages, and of what they want to be told of."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from tokkatot.cloud.accounts.caller import Caller, SomeCaller
from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.alerts import message_store, messages, subscriptions
from tokkatot.cloud.alerts.model import Message, MessageKind
from tokkatot.cloud.alerts.words import Facts, words
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.platform.schemas import Body, Patch, View
from tokkatot.domain.alerts import AlertType, Severity
from tokkatot.domain.people import Language

router = APIRouter(prefix="/v1/users/me", tags=["messages"])

Importance = Literal["urgent", "important", "info"]
_IMPORTANCE: dict[Severity, Importance] = {
    Severity.CRITICAL: "urgent",
    Severity.WARNING: "important",
    Severity.INFO: "info",
}
_SEVERITIES = {importance: severity for severity, importance in _IMPORTANCE.items()}

Clock = Annotated[time | None, Field(description="A time of day in your own time zone.")]
Types = Annotated[list[AlertType], Field(max_length=len(AlertType))]


class MessageView(View):
    """What you were told: what, where, which value, and what to do, in your language."""

    id: UUID
    farm_id: UUID
    alert_id: UUID | None
    kind: MessageKind
    importance: Importance
    t: datetime
    quiet: bool
    type: str
    what: str
    where: str
    farm: str
    house: str | None
    device: str | None
    """The parts of `where`, as they were named then."""
    value: str | None
    when: str | None
    """Since when it is so, or from when to when it was; null where it began just now."""
    advice: str
    picture: str | None
    """Where the photograph is that it is about."""
    read_at: datetime | None


class UnreadView(View):
    """How many messages you have not read."""

    urgent: int
    important: int
    info: int


class SubscriptionBody(Body):
    """What you want to be told of; `types` empty: all, `farm_id` left out: all your farms."""

    farm_id: UUID | None = None
    types: Types = Field(default_factory=list)
    least: Severity
    quiet_from: Clock = None
    quiet_until: Clock = None


class SubscriptionPatch(Patch):
    """What is to change of a subscription."""

    may_be_null: ClassVar[frozenset[str]] = frozenset({"quiet_from", "quiet_until"})

    types: Types | None = None
    least: Severity | None = None
    quiet_from: Clock = None
    quiet_until: Clock = None


class SubscriptionView(View):
    """What you want to be told of."""

    id: UUID
    farm_id: UUID | None
    types: list[AlertType]
    least: Severity
    quiet_from: time | None
    quiet_until: time | None
    created_at: datetime


@router.get("/messages")
async def my_messages(
    caller: SomeCaller,
    tx: Tx,
    page: Paged,
    unread: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query's flag
    importance: Annotated[Importance | None, Query()] = None,
) -> Page[MessageView]:
    """Return what you were told in the last 90 days, the newest first."""
    rows = await message_store.page(
        tx.session,
        caller.user_id,
        since=tx.now - messages.SHOWN,
        only_unread=unread,
        severity=None if importance is None else _SEVERITIES[importance],
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.t.isoformat(), str(row.id)])
    return Page(items=await _views(tx, caller, items), next_cursor=cursor)


@router.get("/messages/unread")
async def my_unread(caller: SomeCaller, tx: Tx) -> UnreadView:
    """Return how many messages of the last 90 days you have not read."""
    counts = await message_store.unread(tx.session, caller.user_id, since=tx.now - messages.SHOWN)
    return UnreadView.model_validate(
        {importance: counts.get(severity, 0) for severity, importance in _IMPORTANCE.items()}
    )


@router.post("/messages/{message}/read", status_code=204)
async def read(message: UUID, caller: SomeCaller, tx: Tx) -> None:
    """Say that you have read a message; a second time changes nothing."""
    if not await message_store.mark_read(tx.session, caller.user_id, message, now=tx.now):
        raise NotFound("message")


@router.post("/messages/read-all", status_code=204)
async def read_all(caller: SomeCaller, tx: Tx) -> None:
    """Say that you have read all your messages."""
    await message_store.mark_read(tx.session, caller.user_id, None, now=tx.now)


@router.get("/alert-subscriptions")
async def my_subscriptions(caller: SomeCaller, tx: Tx) -> Page[SubscriptionView]:
    """Return what you want to be told of; nothing here means everything of your farms."""
    found = await message_store.subscriptions(tx.session, [caller.user_id])
    return Page(
        items=[SubscriptionView.model_validate(one) for one in found.get(caller.user_id, ())]
    )


@router.post("/alert-subscriptions", status_code=201, responses=problems("conflict", "not_found"))
async def subscribe(body: SubscriptionBody, caller: SomeCaller, tx: Tx) -> SubscriptionView:
    """Be told of some alerts."""
    made = await subscriptions.subscribe(
        tx,
        caller,
        farm_id=body.farm_id,
        types=body.types,
        least=body.least,
        quiet_from=body.quiet_from,
        quiet_until=body.quiet_until,
    )
    return SubscriptionView.model_validate(made)


@router.patch("/alert-subscriptions/{subscription}")
async def change(
    subscription: UUID, body: SubscriptionPatch, caller: SomeCaller, tx: Tx
) -> SubscriptionView:
    """Change a subscription."""
    changed = await subscriptions.change(tx, caller, subscription, body.changes())
    return SubscriptionView.model_validate(changed)


@router.delete("/alert-subscriptions/{subscription}", status_code=204)
async def end(subscription: UUID, caller: SomeCaller, tx: Tx) -> None:
    """End a subscription."""
    await subscriptions.end(tx, caller, subscription)


async def _views(tx: Transaction, caller: Caller, rows: Sequence[Message]) -> list[MessageView]:
    user = await tx.session.get_one(User, caller.user_id)
    return [_view(row, user.language) for row in rows]


def _view(row: Message, language: Language) -> MessageView:
    facts = msgspec.convert(row.facts, Facts)
    said = words(facts, language)
    return MessageView(
        id=row.id,
        farm_id=row.farm_id,
        alert_id=row.alert_id,
        kind=row.kind,
        importance=_IMPORTANCE[row.severity],
        t=row.t,
        quiet=row.quiet,
        type=facts.type,
        what=said.what,
        where=said.where,
        farm=facts.farm,
        house=facts.house,
        device=facts.device,
        value=said.value,
        when=said.when,
        advice=said.advice,
        picture=None
        if facts.detection is None
        else f"/v1/farms/{row.farm_id}/detections/{facts.detection}/picture",
        read_at=row.read_at,
    )
