"""What people are told of droppings: of one photograph at once, of a flock when several agree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from tokkatot.domain.alerts import SEVERITIES, AlertType
from tokkatot.domain.droppings import (
    AGREE,
    HOUR_MS,
    WINDOW_MS,
    Disease,
    Sighting,
    sick_flock,
)
from tokkatot.wire.messages import AlertRow
from tokkatot.wire.pictures import Detection

OVER_AFTER_MS: Final = 24 * HOUR_MS
"""An alert is over when nothing spoke for it for a day."""
TOLD_AGAIN_AFTER_MS: Final = WINDOW_MS
"""Of one disease; one that was not told since is told at once."""
MAX_SIGHTINGS: Final = 1024
"""Of a house: eight cameras every three minutes, and some that people ask for. Who looks more often
goes by the newest of the window."""
ALERT_FROM_PERCENT: Final = 80.0

_Change = Literal["raised", "raised_again", "cleared"]


class _Seen(Struct, frozen=True, array_like=True):
    t_ms: int
    suspects: Disease | None
    fingerprint: int


class _Open(Struct, frozen=True, array_like=True):
    id: UUID
    disease: Disease
    times: int
    told: dict[Disease, int] | int
    """When each disease was told last, in ms; earlier versions kept that of `disease` alone."""
    spoke_ms: int

    @property
    def told_ms(self) -> dict[Disease, int]:
        return {self.disease: self.told} if isinstance(self.told, int) else self.told


Told = Mapping[str, Mapping[AlertType, _Open]]
"""The alerts that stand, by house."""


class _House(Struct):
    seen: list[_Seen] = []
    open: dict[AlertType, _Open] = {}


class _Kept(Struct):
    houses: dict[str, _House] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What there is to be told now."""

    type: AlertType
    disease: Disease
    about: UUID
    actual: float
    threshold: float


class DroppingAlerts:
    """Raises and ends the alerts of droppings; knows over a restart what it has told."""

    def __init__(self, *, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self._kept = _Kept()

    def recall(self, kept: bytes | None) -> None:
        """Go on where an earlier run was; what can't be read is as if there were none."""
        try:
            self._kept = _Kept() if kept is None else msgspec.json.decode(kept, type=_Kept)
        except msgspec.DecodeError:
            self._kept = _Kept()

    def encode(self) -> bytes:
        """Return what the next run is to know."""
        return msgspec.json.encode(self._kept)

    def newest_ms(self) -> int:
        """Return the latest moment of all that is known, 0 where nothing is."""
        houses = self._kept.houses.values()
        seen = (one.t_ms for house in houses for one in house.seen)
        spoke = (standing.spoke_ms for house in houses for standing in house.open.values())
        return max([0, *seen, *spoke])

    def told(self) -> Told:
        """Return what people know of, to go back to where they were not told after all."""
        return {name: dict(house.open) for name, house in self._kept.houses.items()}

    def untell(self, told: Told) -> None:
        """Know of nothing else as told; what was seen meanwhile stays seen."""
        for name, house in self._kept.houses.items():
            house.open = dict(told.get(name, {}))

    def take(self, detection: Detection, *, t_ms: int) -> list[AlertRow]:
        """Return what a photograph gives to tell."""
        house = self._kept.houses.setdefault(str(detection.house), _House())
        _bring_down(house, t_ms)
        if detection.disease == "unknown":
            return []
        suspects = detection.suspects
        seen = _Seen(t_ms, suspects, int(detection.fingerprint, 16))
        house.seen = [
            one for one in (*house.seen, seen)[-MAX_SIGHTINGS:] if t_ms - WINDOW_MS < one.t_ms
        ]
        if suspects is None:
            return []
        words = [
            _Word(
                type=AlertType.DROPPING_SUSPICIOUS,
                disease=suspects,
                about=detection.id,
                actual=round(detection.confidence * 100, 1),
                threshold=ALERT_FROM_PERCENT,
            )
        ]
        flock = sick_flock(
            (
                Sighting(t_ms=one.t_ms, suspects=one.suspects, fingerprint=one.fingerprint)
                for one in house.seen
            ),
            now_ms=t_ms,
        )
        if flock is not None:
            words.append(
                _Word(
                    type=AlertType.FLOCK_SUSPICIOUS,
                    disease=flock[0],
                    about=detection.id,
                    actual=flock[1],
                    threshold=AGREE,
                )
            )
        told = (self._tell(house, str(detection.house), word, t_ms) for word in words)
        return [row for row in told if row is not None]

    def over(self, *, t_ms: int) -> list[AlertRow]:
        """Return the ends of what nothing speaks for any more."""
        rows: list[AlertRow] = []
        for name, house in self._kept.houses.items():
            _bring_down(house, t_ms)
            for kind, standing in list(house.open.items()):
                if t_ms - standing.spoke_ms >= OVER_AFTER_MS:
                    del house.open[kind]
                    rows.append(_row(kind, standing, name, "cleared", t_ms, None))
        return rows

    def _tell(self, house: _House, name: str, word: _Word, t_ms: int) -> AlertRow | None:
        before = house.open.get(word.type)
        if before is None:
            now = _Open(self._new_id(), word.disease, 1, {word.disease: t_ms}, t_ms)
            house.open[word.type] = now
            return _row(word.type, now, name, "raised", t_ms, word)
        told_ms = before.told_ms
        if t_ms - told_ms.get(word.disease, -TOLD_AGAIN_AFTER_MS) < TOLD_AGAIN_AFTER_MS:
            house.open[word.type] = msgspec.structs.replace(before, spoke_ms=t_ms)
            return None
        told_ms = {**told_ms, word.disease: t_ms}
        now = _Open(before.id, word.disease, before.times + 1, told_ms, t_ms)
        house.open[word.type] = now
        return _row(word.type, now, name, "raised_again", t_ms, word)


def _bring_down(house: _House, t_ms: int) -> None:
    """Let nothing lie ahead of now: a clock that was years ahead may have been set right since."""
    house.seen = [one for one in house.seen if one.t_ms <= t_ms]
    for kind, standing in house.open.items():
        told_ms = {disease: min(at, t_ms) for disease, at in standing.told_ms.items()}
        if standing.spoke_ms > t_ms or told_ms != standing.told_ms:
            house.open[kind] = msgspec.structs.replace(
                standing, told=told_ms, spoke_ms=min(standing.spoke_ms, t_ms)
            )


def _row(
    kind: AlertType,
    standing: _Open,
    house: str,
    change: _Change,
    t_ms: int,
    word: _Word | None,
) -> AlertRow:
    return AlertRow(
        0,
        "a",
        str(standing.id),
        t_ms,
        kind,
        change,
        house,
        None,
        None if word is None else word.threshold,
        None if word is None else word.actual,
        SEVERITIES[kind].value,
        standing.times,
        None if word is None else str(word.about),
        standing.disease.value,
    )
