"""Carries what is on its way to people, apart from whatever told it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from tokkatot.cloud.channels import store
from tokkatot.cloud.channels.carriers import Carrier, Letter, NotTaken
from tokkatot.cloud.channels.model import Channel, ChannelKind, Delivery, Failure
from tokkatot.cloud.platform.context import Context

_log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
CARRY_TIMEOUT_S = 30.0
LEASE = timedelta(seconds=2 * CARRY_TIMEOUT_S)
"""What a process has taken another one may take after so long, should the first have died."""
FIRST_RETRY = timedelta(seconds=15)
MAX_TRIES = 8
"""The last one half an hour after the first."""
NEWS_FOR = timedelta(hours=3)
"""What lay for longer, as while this program did not run, stands in the message centre alone."""
GIVEN_UP_KEPT = timedelta(days=30)
AT_ONCE: Mapping[ChannelKind, int] = {
    ChannelKind.WEB_PUSH: 16,
    ChannelKind.EMAIL: 4,
    ChannelKind.TELEGRAM: 4,
    ChannelKind.SMS: 2,
}
"""So many letters of a kind are carried at once: a service that hangs holds up no other."""

Carriers = Mapping[ChannelKind, Callable[[], Carrier]]
"""How each is made, once there is something for it: most farms never need some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A delivery that this process carries."""

    id: UUID
    channel_id: UUID
    kind: ChannelKind
    tries: int
    is_news: bool
    letter: Letter


class Courier:
    """Works through the deliveries; of several processes each takes others."""

    def __init__(self, context: Context, carriers: Carriers) -> None:
        self._context = context
        self._make = carriers
        self._carriers: dict[ChannelKind, Carrier] = {}
        self._making = asyncio.Lock()
        self._carried: Counter[ChannelKind] = Counter()
        self._outcomes = context.metrics.counter(
            "tokkatot_channel_deliveries_total",
            "Texts that were handed over to a service, are to be tried again, or were given up.",
            labels=("kind", "outcome"),
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self.start(group)
                await self._context.clock.sleep(LOOK_EVERY_S)

    async def start(self, group: asyncio.TaskGroup) -> int:
        """Begin to carry what is due now, as far as there are hands free; return how much it is."""
        count = 0
        while (taken := await self._take()) is not None:
            group.create_task(self._carry(taken))
            count += 1
        return count

    async def _take(self) -> _Taken | None:
        free = [kind for kind, most in AT_ONCE.items() if self._carried[kind] < most]
        if not free:
            return None
        async with self._context.database.transaction() as tx:
            found = await store.claim(tx.session, free, now=tx.now, until=tx.now + LEASE)
            taken = None if found is None else self._taken(*found, now=tx.now)
        if taken is not None:
            self._carried[taken.kind] += 1
        return taken

    def _taken(self, delivery: Delivery, channel: Channel, *, now: datetime) -> _Taken:
        public_url = self._context.settings.public_url
        return _Taken(
            id=delivery.id,
            channel_id=channel.id,
            kind=delivery.kind,
            tries=delivery.tries,
            is_news=now <= delivery.made_at + NEWS_FOR,
            letter=Letter(
                address=channel.address,
                secrets=channel.secrets,
                title=delivery.title,
                body=delivery.body,
                path=delivery.path,
                link=None if public_url is None else public_url.rstrip("/") + delivery.path,
                urgent=delivery.urgent,
            ),
        )

    async def _carry(self, taken: _Taken) -> None:
        try:
            failed = await self._try(taken)
        finally:
            self._carried[taken.kind] -= 1
        async with self._context.database.transaction() as tx:
            if failed is None:
                outcome = "taken"
                await store.delivered(tx.session, taken.id, taken.channel_id, now=tx.now)
            elif failed.for_good or taken.tries >= MAX_TRIES:
                outcome = "given_up"
                await store.give_up(
                    tx.session, taken.id, taken.channel_id, failed.failure, now=tx.now
                )
            else:
                outcome = "put_off"
                until = tx.now + FIRST_RETRY * (1 << (taken.tries - 1))
                await store.put_off(tx.session, taken.id, until=until)
        self._outcomes.labels(taken.kind.value, outcome).inc()
        if failed is not None:
            _log.warning(
                f"delivery.{outcome}",
                channel=str(taken.channel_id),
                kind=taken.kind.value,
                error=str(failed),
            )

    async def _try(self, taken: _Taken) -> NotTaken | None:
        """Hand a letter over; return why that did not go."""
        if not taken.is_news:
            return NotTaken(Failure.LATE, "it lay for too long")
        if taken.kind not in self._make:
            return NotTaken(Failure.NOT_OFFERED, "the settings name no service for it")
        try:
            async with asyncio.timeout(CARRY_TIMEOUT_S):
                await (await self._carrier(taken.kind)).carry(taken.letter)
        except NotTaken as failed:
            return failed
        except TimeoutError:
            return NotTaken(Failure.NO_ANSWER, "the service takes too long")
        except Exception:  # noqa: BLE001 - one service's failure must not end the others
            _log.exception("delivery.broken", kind=taken.kind.value)
            return NotTaken(Failure.NO_ANSWER, "the service's part of this program failed")
        return None

    async def _carrier(self, kind: ChannelKind) -> Carrier:
        async with self._making:
            if kind in self._carriers:
                return self._carriers[kind]
            # Beside the loop: the libraries of some take half a second to load.
            carrier = await asyncio.to_thread(self._make[kind])
            self._carriers[kind] = carrier
            return carrier
