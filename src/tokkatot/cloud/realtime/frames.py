"""What the server says on a socket, each frame made once for all who hear it."""

from collections.abc import Sequence
from typing import Final

import msgspec
from websockets.frames import Frame, Opcode

from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.outbox import FarmChange
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import to_ms

ReadingTuple = tuple[str, str, int, float, int]
"""Device, quantity, time in milliseconds, value, quality."""


def change_frame(change: FarmChange) -> JsonObject:
    """Return a numbered frame."""
    return {
        "type": change.type,
        "farm": str(change.farm_id),
        "seq": change.seq,
        "t": to_ms(change.t),
        "data": change.data,
    }


def readings_frame(
    farm_id: FarmId, house_id: str, values: Sequence[ReadingTuple], *, t_ms: int
) -> JsonObject:
    """Return the readings of a house that are new."""
    return {
        "type": "readings",
        "farm": str(farm_id),
        "t": t_ms,
        "data": {"house_id": house_id, "values": values},
    }


def snapshot_frame(farm_id: FarmId, snapshot: JsonObject, *, t_ms: int) -> JsonObject:
    """Return how things stand on the farm."""
    return {"type": "snapshot", "farm": str(farm_id), "t": t_ms, "data": snapshot}


def reload_frame(farm_id: FarmId, *, t_ms: int) -> JsonObject:
    """Return that what was missed is no longer kept: look at the farm afresh."""
    return {"type": "reload", "farm": str(farm_id), "t": t_ms}


def heartbeat_frame(t_ms: int) -> JsonObject:
    """Return that the line lives."""
    return {"type": "heartbeat", "t": t_ms}


def error_frame(code: str) -> JsonObject:
    """Return why the socket is about to close."""
    return {"type": "error", "code": code}


def encoded(frame: JsonObject) -> bytes:
    """Return a frame as it goes over the wire, the same bytes to everybody."""
    return Frame(Opcode.TEXT, msgspec.json.encode(frame)).serialize(mask=False)


PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)
"""Every client answers it, browsers by themselves."""
