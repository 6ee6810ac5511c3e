"""Values that are no readings, found in what a hub sends."""

import msgspec

from tokkatot.cloud.telemetry.intake import RefusedValue
from tokkatot.domain.quantities import Refusal, check_value
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow, Row


def refused_value(row: Row | RefusedRow) -> RefusedValue | None:
    """Return the value that a hub refused itself, or one in a row that can't be read; else None."""
    if isinstance(row, EventRow):
        return _told(row)
    return _found(row) if isinstance(row, RefusedRow) else None


def _told(row: EventRow) -> RefusedValue | None:
    """Return the value that a `reading.refused` event tells of."""
    data = row.data
    device, quantity, reason = data.get("device"), data.get("quantity"), data.get("reason")
    t_ms, raw = data.get("t"), data.get("raw")
    if not (isinstance(device, str) and isinstance(quantity, str) and isinstance(reason, str)):
        return None
    return RefusedValue(
        device=device,
        quantity=quantity,
        t_ms=t_ms if isinstance(t_ms, int) and not isinstance(t_ms, bool) else None,
        raw="" if raw is None else str(raw),
        reason=reason,
    )


def _found(row: RefusedRow) -> RefusedValue | None:
    """Return the value of a reading row whose value, time or quality has the wrong type."""
    try:
        fields = msgspec.json.decode(row.raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    match fields:
        case [_, "r", str(device), str(quantity), t_ms, value, _, *rest] if not rest:
            timely = isinstance(t_ms, int) and not isinstance(t_ms, bool)
            reason = check_value(quantity, value) or (
                Refusal.NOT_A_NUMBER if timely else Refusal.BAD_TIME
            )
            return RefusedValue(
                device=device,
                quantity=quantity,
                t_ms=t_ms if timely else None,
                raw="" if value is None else str(value),
                reason=reason,
            )
        case _:
            return None
