"""What is told of cameras that give no picture: to the log at once, to people when it stays so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from tokkatot.domain.alerts import SEVERITIES, AlertType
from tokkatot.wire.messages import AlertRow, EventRow, Row
from tokkatot.wire.pictures import CAMERA_FAILED, CAMERA_WORKS, Camera

TOLD_AFTER_ROUNDS: Final = 2
"""In a row: a camera that starts anew has no picture once."""
MAX_REASON: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failing:
    reason: str
    rounds: int


class _Open(Struct, frozen=True, array_like=True):
    id: UUID
    house: str


class _Kept(Struct):
    cameras: dict[str, _Open] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What people have been told of cameras."""

    failing: dict[str, _Failing]
    open: dict[str, _Open]


class CameraFailures:
    """Raises the alert of a camera, and ends it; knows over a restart what it has told."""

    def __init__(self, *, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self._known = Known(failing={}, open={})

    def recall(self, kept: bytes | None) -> None:
        """Go on where an earlier run was; what can't be read is as if there were none."""
        try:
            known = _Kept() if kept is None else msgspec.json.decode(kept, type=_Kept)
        except msgspec.DecodeError:
            known = _Kept()
        self._known = Known(failing={}, open=known.cameras)

    def encode(self) -> bytes:
        """Return what the next run is to know."""
        return msgspec.json.encode(_Kept(self._known.open))

    def known(self) -> Known:
        """Return what people know of, to go back to where they were not told after all."""
        return Known(failing=dict(self._known.failing), open=dict(self._known.open))

    def untell(self, known: Known) -> None:
        """Know of nothing else as told."""
        self._known = known

    def failed(self, camera: Camera, reason: str, *, t_ms: int) -> list[Row]:
        """Return what a round without a picture gives to tell."""
        before = self._known.failing.get(camera.name)
        rounds = 1 if before is None else before.rounds + 1
        self._known.failing[camera.name] = _Failing(reason=reason, rounds=rounds)
        rows: list[Row] = []
        if before is None or before.reason != reason:
            rows.append(_event(CAMERA_FAILED, camera, t_ms, reason=reason[:MAX_REASON]))
        if rounds >= TOLD_AFTER_ROUNDS and camera.name not in self._known.open:
            standing = _Open(self._new_id(), str(camera.house))
            self._known.open[camera.name] = standing
            rows.append(_alert(standing, camera.name, "raised", t_ms))
        return rows

    def works(self, camera: Camera, *, t_ms: int) -> list[Row]:
        """Return what a picture gives to tell."""
        rows: list[Row] = []
        if self._known.failing.pop(camera.name, None) is not None:
            rows.append(_event(CAMERA_WORKS, camera, t_ms))
        standing = self._known.open.pop(camera.name, None)
        if standing is not None:
            rows.append(_alert(standing, camera.name, "cleared", t_ms))
        return rows

    def gone(self, cameras: Iterable[Camera], *, t_ms: int) -> list[Row]:
        """Return the ends of the alerts of cameras that the settings name no more."""
        there = {(camera.name, str(camera.house)) for camera in cameras}
        rows: list[Row] = []
        for name, standing in list(self._known.open.items()):
            if (name, standing.house) not in there:
                del self._known.open[name]
                rows.append(_alert(standing, name, "cleared", t_ms))
        return rows


def _event(kind: str, camera: Camera, t_ms: int, **more: str) -> EventRow:
    return EventRow(0, "e", t_ms, kind, {"house": str(camera.house), "camera": camera.name, **more})


def _alert(
    standing: _Open, camera: str, change: Literal["raised", "cleared"], t_ms: int
) -> AlertRow:
    kind = AlertType.CAMERA_FAILED
    return AlertRow(
        seq=0,
        kind="a",
        alert=str(standing.id),
        t=t_ms,
        type=kind,
        change=change,
        house=standing.house,
        device=None,
        threshold=None,
        actual=None,
        severity=SEVERITIES[kind].value,
        about=camera,
    )
