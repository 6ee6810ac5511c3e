"""Checks that no row which was promised to be kept is lost, and that none is there twice."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tokkatot.cloud.sync.memory import MemoryStore
from tokkatot.cloud.sync.store import CursorKey
from tokkatot.domain.ids import HubId
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import GapRow, ReadingRow, Row, StreamName
from tokkatot.wire.streams import StreamHead

ARRIVES_WITHIN_S = 10.0
"""On a good line a committed reading is in the cloud within this."""

Key = tuple[str, str, float]
"""Device, quantity and value: no sensor of the simulation shows the same value twice."""


@dataclass(slots=True)
class CardNotes:
    """What is known of a card: which readings are on it, by their local numbers."""

    next: int = 1
    base: int = 0
    acked: int = 0
    heads: dict[StreamName, StreamHead] = field(default_factory=dict)
    waiting: dict[Key, tuple[int, float]] = field(default_factory=dict)
    """Readings that are on the card and not in the cloud: local number, and since when."""
    held: int = 0
    """The newest desired document that the hub said it holds."""
    renumbering: set[StreamName] = field(default_factory=set)
    """Streams of which a new epoch was begun, and is perhaps on the card already."""

    def copy(self) -> "CardNotes":
        """Return a copy that goes with an image of the card."""
        return CardNotes(
            self.next,
            self.base,
            self.acked,
            dict(self.heads),
            dict(self.waiting),
            self.held,
            set(self.renumbering),
        )


class RowsCheck:
    """Follows one hub's readings from the journal's buffer over the card to the cloud's store."""

    def __init__(self, findings: Findings, store: MemoryStore, hub_id: HubId) -> None:
        self._findings = findings
        self._hub_id = hub_id
        self._store = store
        self._buffer: deque[Key | None] = deque()
        self.card = CardNotes()
        self._stored: set[Key] = set()
        self._order: list[Key] = []
        self._numbers: dict[Key, int] = {}
        self._readings_seen = 0
        self._rows_seen = 0
        self._claims: dict[CursorKey, int] = {}
        self._looked_at: object = None

    # ------------------------------------------------------------------------------- at the hub

    def offered(self, rows: Iterable[Row]) -> None:
        """The journal took these into its buffer."""
        self._buffer.extend(
            (row.device, row.quantity, row.value) if isinstance(row, ReadingRow) else None
            for row in rows
        )

    def renumbering(self, stream: StreamName) -> None:
        """The journal was asked to number anew what it holds of a stream."""
        self.card.renumbering.add(stream)

    def look(self, heads: Mapping[StreamName, StreamHead]) -> None:
        """See what was committed since the last look."""
        before = self.card.heads.get("readings")
        head = heads["readings"]
        if before is not None and head is before:
            return
        card = self.card
        card.base = head.before
        self._commit(card.base + head.next - card.next)
        card.renumbering -= {
            name for name, known in card.heads.items() if known.epoch != heads[name].epoch
        }
        card.heads = dict(heads)

    def _commit(self, count: int) -> None:
        if count > len(self._buffer):
            self._findings.broken(
                "no reading is made up", f"{count} committed, {len(self._buffer)} were offered"
            )
            return
        card = self.card
        for _ in range(count):
            key = self._buffer.popleft()
            if key is not None:
                self._numbers[key] = card.next
                if key not in self._stored:
                    card.waiting[key] = (card.next, self._findings.now_s())
            card.next += 1

    def opened(self, heads: Mapping[StreamName, StreamHead], *, replaced: int) -> None:
        """A new process has opened the card."""
        if replaced:
            self._findings.broken("no card is damaged", "the journal was moved aside")
            return
        for name, head in self.card.heads.items():
            now = heads[name]
            kept, known = now.before + now.next, head.before + head.next
            # A new epoch that the process did not live to see is one all the same; and a journal
            # for which there was never room has lost nothing.
            is_excused = name in self.card.renumbering or known == 1
            if now.epoch != head.epoch and not is_excused:
                self._findings.broken("no committed row is lost", f"{name} began anew")
                return
            if kept < known:
                self._findings.broken(
                    "no committed row is lost", f"{name} went back from {known} to {kept}"
                )
                return
        # A commit that the process did not live to see is a commit all the same.
        self.look(heads)
        self._buffer.clear()

    def card_restored(self, notes: CardNotes) -> None:
        """An older image of the card is in its place: what was only on the card is gone."""
        self.card = notes.copy()
        self._buffer.clear()
        self._numbers = {key: n for key, n in self._numbers.items() if n < notes.next}
        for key in list(self.card.waiting):
            if key in self._stored:
                del self.card.waiting[key]

    # ---------------------------------------------------------------------------- in the cloud

    def claimed(self, stream: StreamName, epoch: str, through: int) -> None:
        """The cloud says that it has stored so much."""
        key = CursorKey(hub_id=self._hub_id, stream=stream, epoch=epoch)
        self._claims[key] = max(self._claims.get(key, 0), through)
        self._looked_at = None

    def check_cloud(self) -> None:
        """Look at what the cloud has stored since the last look."""
        kept = self._store.kept
        if kept is self._looked_at:
            return  # each commit puts another in its place
        self._looked_at = kept
        for key, through in self._claims.items():
            cursor = kept.cursors.get(key)
            if cursor is None or cursor.seq < through:
                self._findings.broken(
                    "what is acknowledged is stored",
                    f"{key.stream} {through} was acknowledged, the cursor is {cursor}",
                )
        for hub_id, row in kept.readings[self._readings_seen :]:
            if hub_id == self._hub_id:
                self._arrived(row)
        self._readings_seen = len(kept.readings)
        for hub_id, other in kept.rows[self._rows_seen :]:
            if hub_id == self._hub_id and isinstance(other, GapRow):
                self._declared(other)
        self._rows_seen = len(kept.rows)

    def _arrived(self, row: ReadingRow) -> None:
        key = (row.device, row.quantity, row.value)
        if key in self._stored:
            self._findings.broken("no reading is doubled", f"{row} is stored twice")
        self._stored.add(key)
        self._order.append(key)
        self.card.waiting.pop(key, None)

    def _declared(self, gap: GapRow) -> None:
        base = self.card.base
        gone = [
            key
            for key, (n, _) in self.card.waiting.items()
            if gap.first + base <= n <= gap.last + base
        ]
        for key in gone:
            del self.card.waiting[key]

    def cloud_restored(self) -> None:
        """The cloud is back at a backup: what came since must come again, as far as it is kept."""
        kept = self._store.kept
        left = sum(hub_id == self._hub_id for hub_id, _ in kept.readings)
        lost = self._order[left:]
        del self._order[left:]
        self._stored.difference_update(lost)
        self._readings_seen, self._rows_seen = len(kept.readings), len(kept.rows)
        self._claims.clear()
        self._looked_at = None
        now_s = self._findings.now_s()
        for key in lost:
            number = self._numbers.get(key)
            if number is not None and number > self.card.base:
                self.card.waiting[key] = (number, now_s)

    def forget(
        self,
        readings: Sequence[tuple[HubId, ReadingRow]],
        rows: int,
        cursors: Iterable[CursorKey],
    ) -> None:
        """The oldest readings and rows are no longer looked at; they are not to come again."""
        mine = sum(hub_id == self._hub_id for hub_id, _ in readings)
        for key in self._order[:mine]:
            self._stored.discard(key)
            self._numbers.pop(key, None)
        del self._order[:mine]
        self._readings_seen -= len(readings)
        self._rows_seen -= rows
        for cursor in cursors:
            self._claims.pop(cursor, None)

    def check_arrived(self) -> None:
        """On a line that is good again, nothing waits for long."""
        now_s = self._findings.now_s()
        late = [key for key, (_, s) in self.card.waiting.items() if now_s - s > ARRIVES_WITHIN_S]
        if late:
            first = late[0]
            self._findings.broken(
                "no reading is lost",
                f"{len(late)} are on the card only; the first is {first},"
                f" {self.card.waiting[first]} behind {self.card.base},"
                f" where {self.card.heads.get('readings')}",
            )
