"""Checks that each moment at which a schedule was due has one outcome in the cloud."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.schedules import Schedule, TimeBased
from tokkatot.sim.almanac import due_between
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import Row, ScheduleRunRow

OUTCOME_WITHIN_MS: Final = 240_000
"""A dose has been tried three times by then, and what came of it is in the cloud."""

STRETCH_MS: Final = 900_000
"""A stretch of time is told at its end at the latest, and so long is that of the simulation."""

CLOCK_WITHIN_MS: Final = 15_000
"""The hub's clock is right within this, so a moment so near to a change belongs to either side."""

HEAD_WITHIN_MS: Final = 75_000
"""How far back the card may place its last moment: it is written once a minute at least."""

_NOT_BEGUN_AGAIN: Final = frozenset({"restarted", "missed", "missed_more", "clock_jump"})
"""What is told of a run that an earlier life of the hub has begun, or that nobody begins."""

Key = tuple[str, int]
"""A schedule and a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Wall time in which a hub held the same schedules, and had them on its card."""

    after_ms: int
    through_ms: int
    document: DesiredDocument


class SchedulesCheck:
    """Knows which schedules one hub held when, and reads in the cloud what became of them."""

    def __init__(self, findings: Findings, *, zone: str, wall_ms: Callable[[], int]) -> None:
        self._findings = findings
        self._zone = zone
        self._wall_ms = wall_ms
        self._past: list[_Stretch] = []
        self._steady: tuple[int, DesiredDocument] | None = None
        self._does: dict[str, set[Schedule]] = {}
        self._told: Counter[Key] = Counter()
        self._told_early: Counter[Key] = Counter()
        """Of these, what the cloud has dropped: a clock that was ahead told it before it was due.

        No restore takes it away, for each backup that is left was made later.
        """
        self._forgotten_ms = 0
        """What was due before is not counted: how often it might be told is forgotten too."""
        self.heard_of = 0
        """How many runs were told, one that came again after a restore counted again."""
        self._said: deque[tuple[int, Key]] = deque()
        self._may_be_told: Counter[Key] = Counter()
        self._life = 0
        self._aside: dict[Key, int] = {}
        """What a disk that was full was told to have begun, and in which life of the hub."""

    @property
    def is_steady(self) -> bool:
        """Tell whether it is known which schedules the hub holds, and that they are on its card."""
        return self._steady is not None

    # ------------------------------------------------------------------------------ what happens

    def hub_started(self) -> None:
        """A new process of the hub."""
        self._life += 1

    def kept_aside(self, doses: Iterable[Key]) -> None:
        """These doses have begun, and the disk has it though it is full."""
        for dose in doses:
            self._aside.setdefault(dose, self._life)

    def wanted(self, document: DesiredDocument) -> None:
        """The cloud wants this; the hub may begin with it at any time from now on."""
        for schedule in document.schedules:
            # Of any version, on or off: a hub whose clock is wrong may be late by years.
            what = msgspec.structs.replace(schedule, version=1, enabled=True)
            self._does.setdefault(str(schedule.id), set()).add(what)

    def held(self, document: DesiredDocument) -> None:
        """Everything that the hub knows is on its card, this document among it."""
        if self._steady is None:
            self._steady = self._wall_ms(), document

    def may_change(self) -> None:
        """Another document is on its way into the hub."""
        if self._steady is not None:
            after_ms, document = self._steady
            self._past.append(
                _Stretch(after_ms=after_ms, through_ms=self._wall_ms(), document=document)
            )
            self._steady = None

    def card_restored(self, taken_ms: int) -> None:
        """The card knows nothing of what was since, and may tell it as missed once more."""
        self.may_change()
        since_ms = taken_ms - HEAD_WITHIN_MS
        self._past = [
            replace(one, through_ms=min(one.through_ms, since_ms))
            for one in self._past
            if one.after_ms < since_ms
        ]
        while self._said and self._said[-1][0] >= since_ms:
            _, key = self._said.pop()
            self._may_be_told[key] += 1
        self._aside.clear()
        # A card that was put back sends what it holds again: the cloud can't know what it dropped.
        self._may_be_told.update(self._told_early.keys())

    def says(self, rows: Iterable[Row]) -> None:
        """The hub hands these rows to its journal."""
        now_ms = self._wall_ms()
        for row in _runs(rows):
            key = (row.schedule, row.due)
            self._said.append((now_ms, key))
            had_begun = self._aside.get(key, self._life) != self._life
            if had_begun and row.reason not in _NOT_BEGUN_AGAIN:
                self._findings.broken("no dose is given twice", f"{row} had begun before a restart")

    def cloud_restored(self, rows: Iterable[Row]) -> None:
        """The cloud is back at a backup: what it was told since must come again."""
        self._told = self._told_early.copy()
        for row in _runs(rows):
            self._count(row)

    def told(self, rows: Iterable[Row]) -> None:
        """Rows have come to the cloud."""
        for row in _runs(rows):
            self._count(row)
            if not self._was_due(row):
                self._findings.broken("no schedule run is made up", f"{row}")

    def _count(self, row: ScheduleRunRow) -> None:
        key = (row.schedule, row.due)
        self.heard_of += 1
        if row.due >= self._forgotten_ms:
            self._told[key] += 1
        if self._told[key] > 1 + self._may_be_told[key]:
            self._findings.broken(
                "no schedule run is told twice", f"{key} again as {row.outcome} {row.reason}"
            )

    def _was_due(self, row: ScheduleRunRow) -> bool:
        return any(
            due_between(schedule, self._zone, row.due - 1, row.due)
            for schedule in self._does.get(row.schedule, ())
        )

    # -------------------------------------------------------------------------------- what must be

    def check(self) -> None:
        """On a line that is good again, each due moment has its outcome."""
        now_ms = self._wall_ms()
        stretches = list(self._past)
        if self._steady is not None:
            after_ms, document = self._steady
            stretches.append(_Stretch(after_ms=after_ms, through_ms=now_ms, document=document))
        for stretch in stretches:
            for schedule in stretch.document.schedules:
                self._check_one(schedule, stretch, now_ms)

    def _check_one(self, schedule: Schedule, stretch: _Stretch, now_ms: int) -> None:
        through_ms = min(stretch.through_ms - CLOCK_WITHIN_MS, now_ms - _told_within_ms(schedule))
        after_ms = stretch.after_ms + CLOCK_WITHIN_MS
        for due_ms in due_between(schedule, self._zone, after_ms, through_ms):
            if not self._told[str(schedule.id), due_ms]:
                self._findings.broken(
                    "every schedule run is accounted for",
                    f"{schedule.name} of {due_ms}, {(now_ms - due_ms) / 1000:.0f} s ago",
                )

    def forget(self, before_ms: int, *, dropped: Iterable[Row]) -> None:
        """What was due before is no longer looked at, and the cloud dropped what it was told."""
        self._forgotten_ms = before_ms
        self._told_early.update((row.schedule, row.due) for row in _runs(dropped))
        self._past = [
            replace(one, after_ms=max(one.after_ms, before_ms))
            for one in self._past
            if one.through_ms > before_ms
        ]
        if self._steady is not None:
            after_ms, document = self._steady
            self._steady = max(after_ms, before_ms), document
        while self._said and self._said[0][0] < before_ms - HEAD_WITHIN_MS:
            self._said.popleft()
        for counts in (self._told, self._told_early, self._may_be_told):
            for key in [key for key in counts if key[1] < before_ms]:
                del counts[key]
        self._aside = {key: life for key, life in self._aside.items() if key[1] >= before_ms}


def _runs(rows: Iterable[Row]) -> Iterator[ScheduleRunRow]:
    """Return what is told of the runs that nobody asked for."""
    return (row for row in rows if isinstance(row, ScheduleRunRow) and row.request is None)


def _told_within_ms(schedule: Schedule) -> int:
    lasts = isinstance(schedule.does, TimeBased) and schedule.does.end is not None
    return OUTCOME_WITHIN_MS + (STRETCH_MS if lasts else 0)
