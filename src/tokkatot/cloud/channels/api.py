"""The routes of a person's channels."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from tokkatot.cloud.accounts.caller import SomeCaller
from tokkatot.cloud.channels import service, store
from tokkatot.cloud.channels.addresses import (
    MAX_ENDPOINT_CHARS,
    Address,
    AddressRefused,
    browser_address,
    typed_address,
)
from tokkatot.cloud.channels.model import Channel, ChannelKind, Failure
from tokkatot.cloud.channels.push_key import PushKey
from tokkatot.cloud.platform.context import Ctx, FromWhere, Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.paging import Page
from tokkatot.cloud.platform.problems import Conflict, invalid_field
from tokkatot.cloud.platform.schemas import Body, Name, Patch, View
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.domain.alerts import Severity

router = APIRouter(prefix="/v1/users/me", tags=["channels"])

KeyText = Annotated[str, StringConstraints(max_length=120, pattern=r"^[A-Za-z0-9_-]+=*$")]


class OfferView(View):
    """Which channels there are here."""

    kinds: list[ChannelKind]
    push_key: str
    """The cloud's public key, which a browser asks for when it subscribes."""
    telegram_bot: bool
    """A chat's number is enough; else it takes a bot of one's own."""


class BrowserBody(Body):
    """A browser's push subscription, as `PushSubscription.toJSON()` has it."""

    kind: Literal[ChannelKind.WEB_PUSH]
    endpoint: Annotated[str, StringConstraints(max_length=MAX_ENDPOINT_CHARS)]
    p256dh: KeyText
    auth: KeyText
    name: Name | None = None
    least: Severity = Severity.INFO


class TypedBody(Body):
    """An e-mail address, a phone number, or a Telegram chat; a code is sent there."""

    kind: Literal[ChannelKind.EMAIL, ChannelKind.TELEGRAM, ChannelKind.SMS]
    address: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    name: Name | None = None
    least: Severity = Severity.INFO


AnyBody = Annotated[BrowserBody | TypedBody, Field(discriminator="kind")]


class ChannelPatch(Patch):
    """What is to change of a channel; `least` is how bad it must be."""

    may_be_null: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Name | None = None
    least: Severity | None = None
    is_on: bool | None = None


class CodeBody(Body):
    """The code that came over the channel."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class ChannelView(View):
    """One way to reach you beside the message centre."""

    id: UUID
    kind: ChannelKind
    name: str | None
    address: str | None
    """None for a browser, whose address says nothing to people."""
    least: Severity
    is_on: bool
    verified_at: datetime | None
    created_at: datetime
    tested_at: datetime | None
    sent_at: datetime | None
    """When something was handed over last."""
    failed_at: datetime | None
    """When something was given up last, and why."""
    failure: Failure | None
    given_up: int
    """How much could not be delivered in the last 30 days; the message centre has it all."""


@router.get("/channel-kinds")
async def offered(caller: SomeCaller, context: Ctx) -> OfferView:
    """Return which channels there are here."""
    del caller
    settings = context.settings
    return OfferView(
        kinds=[kind for kind in ChannelKind if _offers(settings, kind)],
        push_key=PushKey.load(settings.data_dir / "keys").public,
        telegram_bot=settings.telegram_token is not None,
    )


@router.get("/channels")
async def my_channels(caller: SomeCaller, tx: Tx) -> Page[ChannelView]:
    """Return the ways to reach you beside the message centre."""
    given_up = await store.given_up(tx.session, caller.user_id)
    found = await store.channels_of(tx.session, caller.user_id, now=tx.now)
    return Page(items=[_view(one, given_up.get(one.id, 0)) for one in found])


@router.post("/channels", status_code=201, responses=problems("conflict", "already_exists"))
async def add(
    body: AnyBody, caller: SomeCaller, tx: Tx, context: Ctx, origin: FromWhere
) -> ChannelView:
    """Add a channel: a browser is on at once, anything else once its code has come back."""
    if not _offers(context.settings, body.kind):
        raise Conflict("conflict", "This cloud has no service for that.")
    channel = await service.add(
        tx,
        caller,
        body.kind,
        _address(body, context.settings),
        name=body.name,
        least=body.least,
        origin=origin,
    )
    return _view(channel, 0)


@router.patch("/channels/{channel}", responses=problems("conflict"))
async def change(channel: UUID, body: ChannelPatch, caller: SomeCaller, tx: Tx) -> ChannelView:
    """Turn a channel on or off, or change its name or how bad it must be."""
    found = await service.own(tx, caller, channel)
    given_up = await store.given_up(tx.session, caller.user_id)
    changed = await service.changed(tx, found, body.changes())
    return _view(changed, given_up.get(found.id, 0))


@router.post("/channels/{channel}/code", status_code=202, responses=problems("conflict"))
async def code(channel: UUID, caller: SomeCaller, tx: Tx, origin: FromWhere) -> None:
    """Send a new code over a channel that is not proved yet."""
    found = await service.own(tx, caller, channel)
    await service.send_code(tx, caller, found, origin=origin)


@router.post(
    "/channels/{channel}/verify",
    status_code=204,
    responses=problems("code_wrong", "code_expired"),
)
async def verify(channel: UUID, body: CodeBody, caller: SomeCaller, tx: Tx) -> None:
    """Prove a channel by the code that came over it, and turn it on."""
    await service.verify(tx, await service.own(tx, caller, channel), body.code)


@router.post("/channels/{channel}/test", status_code=202, responses=problems("conflict"))
async def test(channel: UUID, caller: SomeCaller, tx: Tx) -> None:
    """Send a test over a channel; `sent_at` or `failed_at` tells how it went."""
    await service.test(tx, caller, await service.own(tx, caller, channel))


@router.delete("/channels/{channel}", status_code=204)
async def remove(channel: UUID, caller: SomeCaller, tx: Tx, origin: FromWhere) -> None:
    """Remove a channel, with all that was on its way over it."""
    await service.remove(tx, caller, await service.own(tx, caller, channel), origin=origin)


def _offers(settings: CloudSettings, kind: ChannelKind) -> bool:
    if kind is ChannelKind.EMAIL:
        return settings.smtp_url is not None
    return kind is not ChannelKind.SMS or settings.sms_url is not None


def _address(body: BrowserBody | TypedBody, settings: CloudSettings) -> Address:
    try:
        if isinstance(body, BrowserBody):
            return browser_address(
                body.endpoint,
                p256dh=body.p256dh,
                auth=body.auth,
                services=settings.push_services,
            )
        return typed_address(body.kind, body.address, has_bot=settings.telegram_token is not None)
    except AddressRefused as error:
        field = "body.endpoint" if isinstance(body, BrowserBody) else "body.address"
        raise invalid_field(field, "address", str(error)) from None


def _view(channel: Channel, given_up: int) -> ChannelView:
    is_browser = channel.kind is ChannelKind.WEB_PUSH
    return ChannelView(
        id=channel.id,
        kind=channel.kind,
        name=channel.name,
        address=None if is_browser else channel.address,
        least=channel.least,
        is_on=channel.is_on,
        verified_at=channel.verified_at,
        created_at=channel.created_at,
        tested_at=channel.tested_at,
        sent_at=channel.sent_at,
        failed_at=channel.failed_at,
        failure=channel.failure,
        given_up=given_up,
    )
