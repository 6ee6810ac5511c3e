"""Decides about a person's channels: which there are, whether they are proved, and which are on."""

import hmac
import secrets
import string
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.channels import outgoing, store
from tokkatot.cloud.channels.addresses import Address
from tokkatot.cloud.channels.model import Channel, ChannelKind
from tokkatot.cloud.channels.words import code_note, stay_note, test_note
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, Problem, RateLimited, taken
from tokkatot.domain.alerts import Severity

MAX_CHANNELS = 10
"""Of one person."""
CODE_DIGITS = 6
CODE_LIFETIME = timedelta(hours=1)
CODE_TRIES = 5
MAX_CODES_A_DAY = 10
"""To one person's wishes: addresses may be a stranger's, and an SMS costs money."""
TEST_AGAIN_AFTER = timedelta(minutes=1)
ENDS_SOON = timedelta(days=5)
"""So long before the login of a phone ends it is asked to open the app, which renews it."""
_DAY = timedelta(days=1)
_MOST_WARNED = 500
"""At a time."""
_CODE_SENT = "channel.code_sent"


async def add(
    tx: Transaction,
    caller: Caller,
    kind: ChannelKind,
    address: Address,
    *,
    name: str | None,
    least: Severity,
    origin: Origin,
) -> Channel:
    """Keep a new channel; it is used once a code that is sent there has come back.

    A browser proves itself by its keys, so that it is on at once, for this login.

    Raises:
        Conflict: when the person has it already, or has very many.
        RateLimited: when too many codes were sent today.
    """
    await store.lock_person(tx.session, caller.user_id)
    is_browser = kind is ChannelKind.WEB_PUSH
    if is_browser:
        await store.drop_browser(tx.session, address.text)
    await store.drop_ended(tx.session, caller.user_id, now=tx.now)
    there = await store.channels_of(tx.session, caller.user_id, now=tx.now)
    if any((one.kind, one.address) == (kind, address.text) for one in there):
        raise taken("body.address", "You have this channel already.")
    if len(there) >= MAX_CHANNELS:
        raise Conflict("conflict", f"A person has at most {MAX_CHANNELS} channels.")
    channel = Channel(
        id=tx.new_id(),
        user_id=caller.user_id,
        kind=kind,
        name=name,
        address=address.text,
        secrets=dict(address.secrets),
        session_id=caller.session_id if is_browser else None,
        least=least,
        is_on=is_browser,
        verified_at=tx.now if is_browser else None,
        code_tries=0,
        created_at=tx.now,
    )
    tx.session.add(channel)
    audit.record(
        tx, "channel.added", user_id=caller.user_id, data={"kind": kind.value}, origin=origin
    )
    if not is_browser:
        await send_code(tx, caller, channel, origin=origin)
    return channel


async def send_code(tx: Transaction, caller: Caller, channel: Channel, *, origin: Origin) -> None:
    """Send a new code over a channel; a former one is void.

    Raises:
        Conflict: when it is proved already.
        RateLimited: when too many codes were sent today.
    """
    if channel.verified_at is not None:
        raise Conflict("conflict", "It is proved already.")
    await store.lock_person(tx.session, caller.user_id)
    await tx.session.flush()
    since = tx.now - _DAY
    if await store.events_since(tx.session, caller.user_id, _CODE_SENT, since=since) >= (
        MAX_CODES_A_DAY
    ):
        raise RateLimited(round(_DAY.total_seconds()))
    code = "".join(secrets.choice(string.digits) for _ in range(CODE_DIGITS))
    channel.code, channel.code_until, channel.code_tries = code, tx.now + CODE_LIFETIME, 0
    user = await tx.session.get_one(User, caller.user_id)
    outgoing.send(tx, channel, code_note(user.language, code))
    audit.record(
        tx, _CODE_SENT, user_id=caller.user_id, data={"kind": channel.kind.value}, origin=origin
    )


async def verify(tx: Transaction, channel: Channel, given: str) -> None:
    """Take a code that came over a channel, and turn the channel on.

    Raises:
        Problem: `code_wrong`, or `code_expired` when it was tried too often or is too old.
    """
    if channel.verified_at is not None:
        return
    code, until = channel.code, channel.code_until
    if code is None or until is None or tx.now >= until or channel.code_tries >= CODE_TRIES:
        raise Problem("code_expired", "Have a new code sent.")
    digits = "".join(char for char in given if char.isascii() and char.isdigit())
    if not hmac.compare_digest(digits, code):
        channel.code_tries += 1
        # The try counts, although the request fails.
        await tx.release()
        raise Problem("code_wrong", "Check its digits; after five wrong tries a new one is needed.")
    channel.verified_at, channel.is_on = tx.now, True
    channel.code = channel.code_until = None


async def changed(tx: Transaction, channel: Channel, changes: Mapping[str, Any]) -> Channel:
    """Change a channel; what waits for one that is turned off is not sent.

    Raises:
        Conflict: when one that is not proved is to be on.
    """
    if changes.get("is_on") and channel.verified_at is None:
        raise Conflict("conflict", "First enter the code that was sent there.")
    for name, value in changes.items():
        setattr(channel, name, value)
    if changes.get("is_on") is False:
        await store.forget_waiting(tx.session, channel.id)
    return channel


async def test(tx: Transaction, caller: Caller, channel: Channel) -> None:
    """Send a test over a channel, whether it is on or off.

    Raises:
        Conflict: when it is not proved.
        RateLimited: when it was tested a moment ago.
    """
    if channel.verified_at is None:
        raise Conflict("conflict", "First enter the code that was sent there.")
    if channel.tested_at is not None and tx.now < channel.tested_at + TEST_AGAIN_AFTER:
        raise RateLimited(round((channel.tested_at + TEST_AGAIN_AFTER - tx.now).total_seconds()))
    channel.tested_at = tx.now
    user = await tx.session.get_one(User, caller.user_id)
    outgoing.send(tx, channel, test_note(user.language))


async def warn_of_ending(tx: Transaction) -> None:
    """Ask phones once a day to open the app before their logins end, and no alert reaches them.

    A login ends so many days after the app was opened: it is the hour at which people open it.
    """
    ending = await store.ending(
        tx.session,
        now=tx.now,
        until=tx.now + ENDS_SOON,
        warned_before=tx.now - _DAY,
        limit=_MOST_WARNED,
    )
    for channel, language in ending:
        channel.warned_at = tx.now
        outgoing.send(tx, channel, stay_note(language))


async def remove(tx: Transaction, caller: Caller, channel: Channel, *, origin: Origin) -> None:
    """Forget a channel, with all that is on its way over it."""
    audit.record(
        tx,
        "channel.removed",
        user_id=caller.user_id,
        data={"kind": channel.kind.value},
        origin=origin,
    )
    await tx.session.delete(channel)


async def own(tx: Transaction, caller: Caller, channel_id: UUID) -> Channel:
    """Return a channel of a person, locked.

    Raises:
        NotFound: when they have no such channel, or its login has ended.
    """
    found = await store.channel(tx.session, caller.user_id, channel_id, now=tx.now, lock=True)
    if found is None:
        raise NotFound("channel")
    return found
