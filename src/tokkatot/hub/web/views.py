"""Parts of the page's answers that several of them share, in the shapes of the cloud's."""

from tokkatot.domain.desired import DeviceConfig
from tokkatot.hub.web.feed import Json
from tokkatot.kit.clock import from_ms, to_rfc3339
from tokkatot.wire.messages import DeviceStateRow, Why


def device_state(device: DeviceConfig, row: DeviceStateRow) -> Json:
    """Return the data of a `device.state` frame."""
    return {
        "house_id": str(device.house_id),
        "device_id": row.device,
        "actual": row.actual,
        "target": row.target,
        "online": row.online,
        "why": why_view(row.why),
        "error": row.error,
        "t": row.t,
    }


def why_view(why: Why | None) -> Json | None:
    """Return who won over an actuator, until when, and what cut it."""
    if why is None:
        return None
    return {
        "source": why.source,
        "reason": why.reason,
        "until": None if why.until_ms is None else iso(why.until_ms),
        "cut_by": list(why.cut_by),
    }


def iso(t_ms: int) -> str:
    """Return milliseconds as people's programs read an instant."""
    return to_rfc3339(from_ms(t_ms))
