"""What comes down from the cloud: orders and desired documents, checked before they are used."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, assert_never

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.hub.clock_sync import SyncedClock
from tokkatot.hub.desired import DesiredRefused, open_desired
from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.hub.orders import A, Garbage, Good, Refused, Standing, judge, refusal
from tokkatot.kit.queue import BoundedQueue
from tokkatot.wire.messages import Command, EventRow, Execute, Photograph
from tokkatot.wire.pictures import NO_CAMERA, not_taken
from tokkatot.wire.session_actions import TakeDesired, TakeExecute, TakeOrder, TakePhotograph

MAX_WAITING = 64
WITHIN_S = 30.0
"""The loop takes an order or a document within this, or is taken for stuck."""

UNTRUSTED_PER_MINUTE = 6
"""So many orders under a strange key are answered; the others are counted only."""

_Taken = TakeDesired | TakeOrder | TakeExecute | TakePhotograph

log = structlog.get_logger(__name__)


class Doer(Protocol):
    """The side of the control loop that takes orders and documents."""

    async def order(self, command: Command) -> None:
        """Take an order that was found good; it may have been given before."""
        ...

    async def execute(self, request: Execute) -> None:
        """Run a schedule as a person asks, who may have asked under this id before."""
        ...

    async def configure(self, document: DesiredDocument, envelope_version: int) -> None:
        """Swap to a document, or raise `DesiredRefused` and stay as it was."""
        ...

    async def settle(self) -> None:
        """Return once what was due under the document before is told, and that is on the disk."""
        ...


class Photographer(Protocol):
    """Who has cameras."""

    def photograph(self, asked: Photograph) -> None:
        """Have a house photographed now; what comes of it is told in the journal."""
        ...


class Inbound:
    """Does one after the other, apart from the line, so that neither waits for the other."""

    def __init__(
        self,
        *,
        farm_id: FarmId,
        hub_id: HubId,
        keys: Mapping[str, Ed25519PublicKey],
        journal: JournalPort,
        doer: Doer,
        clock: SyncedClock,
        document: DesiredDocument | None,
        photographer: Photographer | None = None,
    ) -> None:
        self._farm_id = farm_id
        self._hub_id = hub_id
        self._keys = keys
        self._journal = journal
        self._doer = doer
        self._clock = clock
        self._document = document
        self._kept_version = self.version_in_force
        self._photographer = photographer
        self._waiting: BoundedQueue[_Taken] = BoundedQueue(MAX_WAITING)
        self._untrusted_since_s = 0.0
        self._untrusted = 0
        self.counts: Counter[str] = Counter()
        """What came, by what became of it."""

    @property
    def version_in_force(self) -> int:
        """Return the version of the document that the hub works by, 0 for none."""
        return 0 if self._document is None else self._document.version

    @property
    def kept_version(self) -> int:
        """Return the version of the newest document that is on the disk, 0 for none.

        It is what the cloud is told: what would be forgotten with the power is sent again.
        """
        return self._kept_version

    def offer(self, action: _Taken) -> None:
        """Take what came, without waiting; where there is no room it is dropped and counted."""
        if not self._waiting.offer(action):
            self.counts["down dropped"] += 1

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            action = await self._waiting.get()
            try:
                async with asyncio.timeout(WITHIN_S):
                    await self._take(action)
            except JournalError as error:
                self._count("down not recorded", error.reason)
            except TimeoutError:
                self._count("down timed out", type(action).__name__)
            except Exception:  # supervisor: one bad order must not cost the next its hearing
                log.exception("inbound.failed")
                self.counts["down failed"] += 1

    async def _take(self, action: _Taken) -> None:
        match action:
            case TakeOrder():
                await self._ask(action, Command, self._doer.order)
            case TakeExecute():
                await self._ask(action, Execute, self._doer.execute)
            case TakePhotograph():
                self._photograph(action)
            case TakeDesired():
                await self._desired(action.payload)
            case _:
                assert_never(action)

    async def _ask(
        self, action: TakeOrder | TakeExecute, kind: type[A], do: Callable[[A], Awaitable[None]]
    ) -> None:
        verdict = judge(action.payload, self._keys, self._standing(action.session), kind)
        match verdict:
            case Good(asked=asked):
                self.counts["orders"] += 1
                await do(asked)
            case Refused(asked=asked, reason=reason, trusted=True):
                self._count("orders refused", reason)
                await self._journal.refuse_order(refusal(asked, reason, self._clock.now_ms()))
            case Refused(asked=asked, reason=reason):
                self._count("orders under a strange key", reason)
                if self._may_answer_untrusted():
                    # Its number is not taken as used: the true order may bear the same.
                    row = refusal(asked, reason, self._clock.now_ms())
                    self._journal.offer(events=[row], urgent=True)
            case Garbage():
                self._count("orders malformed", verdict.detail)
            case _:
                assert_never(verdict)

    def _photograph(self, action: TakePhotograph) -> None:
        """Hand it to who has cameras: nothing moves, so it may be asked twice without harm."""
        verdict = judge(action.payload, self._keys, self._standing(action.session), Photograph)
        match verdict:
            case Good(asked=asked):
                self.counts["photographs"] += 1
                if self._photographer is None:
                    self._tell_not_taken(asked, NO_CAMERA)
                else:
                    self._photographer.photograph(asked)
            case Refused(asked=asked, reason=reason, trusted=trusted):
                self._count("photographs refused", reason)
                if trusted or self._may_answer_untrusted():
                    self._tell_not_taken(asked, reason)
            case Garbage():
                self._count("photographs malformed", verdict.detail)
            case _:
                assert_never(verdict)

    def _tell_not_taken(self, asked: Photograph, reason: str) -> None:
        row = not_taken(asked.id, asked.house, reason, self._clock.now_ms())
        self._journal.offer(events=[row], urgent=True)

    def _standing(self, session: str | None) -> Standing:
        return Standing(
            hub_id=self._hub_id,
            session=session,
            cloud_ms=self._clock.cloud_ms(),
            document=self._document,
        )

    def _may_answer_untrusted(self) -> bool:
        now_s = self._clock.monotonic()
        if now_s - self._untrusted_since_s >= 60:
            self._untrusted_since_s, self._untrusted = now_s, 0
        self._untrusted += 1
        return self._untrusted <= UNTRUSTED_PER_MINUTE

    async def _desired(self, payload: bytes) -> None:
        try:
            document = self._opened(payload)
            if document.version <= self._kept_version or document.version < self.version_in_force:
                self.counts["desired held already"] += 1
                # Who sends it does not know, or no longer, that it is here.
                self._tell_held()
                return
            if document.version > self.version_in_force:
                await self._doer.configure(document, document.version)
                self._document = document
                self.counts["desired taken"] += 1
        except DesiredRefused as error:
            self._count("desired refused", error.reason)
            row = EventRow(
                0, "e", self._clock.now_ms(), "desired.refused", {"reason": error.reason[:200]}
            )
            self._journal.offer(events=[row])
            return
        # A hub that is told the time with the document owes an account of what it missed, by the
        # schedules before. Were they replaced on the disk first, a power cut would leave nobody to
        # give it.
        await self._doer.settle()
        # Should the disk refuse, the hub works by the new one all the same, does not say that it
        # holds it, and is sent it again until the disk has it.
        await self._journal.keep_desired(payload, document.version)
        self._kept_version = document.version
        self._tell_held()

    def _tell_held(self) -> None:
        held = EventRow(
            0, "e", self._clock.now_ms(), "desired.taken", {"version": self._kept_version}
        )
        self._journal.offer(events=[held])

    def _opened(self, payload: bytes) -> DesiredDocument:
        document = open_desired(payload, self._keys, farm_id=self._farm_id, hub_id=self._hub_id)
        cloud_ms = self._clock.cloud_ms()
        if cloud_ms is None or cloud_ms[0] > document.expires_ms:
            raise DesiredRefused("the time in which it could be taken over has passed")
        return document

    def _count(self, what: str, detail: str) -> None:
        self.counts[what] += 1
        log.warning("inbound.dropped", what=what, detail=detail)
