"""The farm of the simulation, whole: a cloud, and hubs that each have a yard of their own."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tokkatot.cloud.sync.store import CursorKey
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import HubId
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.sim.chance import Chance
from tokkatot.sim.cloud import Backup, SimCloud, SimStore
from tokkatot.sim.layout import NEIGHBOUR, SEASONS, Layout, first_document, lay_out
from tokkatot.sim.time import VirtualLoop
from tokkatot.sim.trace import Trace
from tokkatot.sim.watch import Findings
from tokkatot.sim.yard import CardImage, Grounds, Yard
from tokkatot.wire.cursor import Cursor
from tokkatot.wire.messages import Row
from tokkatot.wire.topics import HubLeaf

GREENHOUSES: Final = 0.3
"""The share of houses that are none for birds."""

FORGET_AFTER_MS: Final = 8 * 3_600_000
"""A card in rough times knows for hours nothing of what the cloud has, and sends it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """What was copied for a rainy day: the cloud, and each hub's card."""

    cloud: Backup
    cards: dict[HubId, CardImage]
    taken_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How many readings and rows had come to the cloud when copies were made, and what was held."""

    taken_ms: int
    readings: int
    rows: int
    cursors: Mapping[CursorKey, Cursor]
    versions: dict[HubId, int]

    @classmethod
    def of(cls, copies: Copies, *, forgotten: tuple[int, int]) -> "_Mark":
        """Return the mark of some copies."""
        kept = copies.cloud.kept
        return cls(
            taken_ms=copies.taken_ms,
            readings=forgotten[0] + len(kept.readings),
            rows=forgotten[1] + len(kept.rows),
            cursors=kept.cursors,
            versions={hub_id: desk.held_version for hub_id, desk in copies.cloud.desks.items()},
        )


def _drawn(grounds: Grounds, number: int) -> HouseKind:
    is_green = grounds.chance(number, 20).uniform() < GREENHOUSES
    return HouseKind.GREENHOUSE if is_green else HouseKind.COOP


class Site:
    """Puts cloud and yards together, and passes on what one says to the other."""

    def __init__(
        self,
        seed: int,
        *,
        folder: Path,
        hubs: int = 1,
        kind: HouseKind | None = None,
        store: SimStore | None = None,
        options: MqttNodeOptions | None = None,
    ) -> None:
        self.season = SEASONS[seed % len(SEASONS)]
        self.loop = VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
        self.trace = Trace()
        self.findings = Findings(now_s=self.loop.time)
        self.cloud = SimCloud(
            self.loop, Chance(seed * 31 + 8), store=store or SimStore(), wall_ms=self.wall_ms
        )
        grounds = Grounds(
            seed=seed,
            loop=self.loop,
            trace=self.trace,
            findings=self.findings,
            wall_ms=self.wall_ms,
            options=options or MqttNodeOptions(),
            store=self.cloud.store,
            keys=self.cloud.keys,
        )
        self.yards = tuple(
            self._yard(lay_out(number, kind or _drawn(grounds, number)), grounds, folder)
            for number in range(1, hubs + 1)
        )
        self._of = {yard.layout.hub_id: yard for yard in self.yards}
        self._rows_seen = 0
        self._forgotten = 0, 0
        self._old: deque[_Mark] = deque()
        self.cloud.answered = self._answered
        self.copies = self.copy()

    def _yard(self, layout: Layout, grounds: Grounds, folder: Path) -> Yard:
        yard = Yard(
            layout,
            grounds,
            folder=folder / f"hub{layout.number}",
            hear=lambda message: self.cloud.hear(layout.hub_id, message),
            phone_pass=lambda: self.cloud.pass_for(NEIGHBOUR, layout.hub_id),
        )
        document = first_document(layout, self.season)
        yard.begin(self.cloud.open_desk(document, publish=yard.line.publish), self.season.zone)
        return yard

    def close(self) -> None:
        """Take everything down."""
        for yard in self.yards:
            yard.kill_hub()
        self.loop.run_until(self.loop.time() + 5.0)

    def wall_ms(self) -> int:
        """Return the true time."""
        return self.season.start_ms + round(self.loop.time() * 1000)

    def note(self, what: str, detail: str = "") -> None:
        """Add to the trace."""
        self.trace.note(self.loop.time(), what, detail)

    def _answered(self, hub_id: HubId, leaf: HubLeaf, payload: bytes) -> None:
        self._of[hub_id].answered(leaf, payload)

    @property
    def readings_seen(self) -> int:
        """Return how many readings came to the cloud."""
        return self._forgotten[0] + len(self.cloud.store.kept.readings)

    # ---------------------------------------------------------------------------- copies of it all

    def copy(self) -> Copies:
        """Return an image of each card and a backup of the cloud, for a later restore."""
        return Copies(
            cloud=self.cloud.backup(),
            cards={yard.layout.hub_id: yard.card_image() for yard in self.yards},
            taken_ms=self.wall_ms(),
        )

    def renew_copies(self) -> None:
        """Copy everything afresh, and forget what was there when an old copy was made."""
        self.copies = self.copy()
        self._old.append(_Mark.of(self.copies, forgotten=self._forgotten))
        if self.wall_ms() - self._old[0].taken_ms > FORGET_AFTER_MS:
            self._forget(self._old.popleft())
            self.copies = self.copy()

    def _forget(self, mark: "_Mark") -> None:
        rows = mark.rows - self._forgotten[1]
        dropped = self.cloud.forget(
            readings=mark.readings - self._forgotten[0], rows=rows, then=mark.cursors
        )
        self._forgotten = mark.readings, mark.rows
        self._rows_seen -= rows
        for yard in self.yards:
            hub_id = yard.layout.hub_id
            yard.rows.forget(dropped.readings, rows, dropped.cursors)
            yard.orders.forget()
            yard.requests.forget((mark.taken_ms - self.season.start_ms) / 1000)
            yard.schedules.forget(
                mark.taken_ms, dropped=[row for its, row in dropped.rows if its == hub_id]
            )
            yard.desk.forget(mark.versions[hub_id])

    def restore_cloud(self) -> None:
        """Take the cloud back to its newest backup."""
        self.note("cloud.restored")
        self._look()
        self.cloud.restore(self.copies.cloud)
        for yard in self.yards:
            yard.rows.cloud_restored()
            rows = self._rows_of(yard, 0)
            yard.schedules.cloud_restored(rows)
            yard.requests.cloud_restored(rows)
        self._rows_seen = len(self.cloud.store.kept.rows)

    # ----------------------------------------------------------------------------------- the checks

    def tick(self) -> None:
        """Check everything that must always be so."""
        self._look()
        for yard in self.yards:
            yard.tick()
        if self.loop.failures:
            self.findings.broken("no program fails", self.loop.failures[0])

    def _look(self) -> None:
        for yard in self.yards:
            yard.rows.check_cloud()
        count = len(self.cloud.store.kept.rows)
        if count == self._rows_seen:
            return
        for yard in self.yards:
            yard.told(self._rows_of(yard, self._rows_seen))
        self._rows_seen = count

    def _rows_of(self, yard: Yard, first: int) -> list[Row]:
        hub_id = yard.layout.hub_id
        return [row for its, row in self.cloud.store.kept.rows[first:] if its == hub_id]

    def check_agreement(self) -> None:
        """Check what must be so 30 s after everything works again."""
        self._look()
        for yard in self.yards:
            yard.check_agreement()
