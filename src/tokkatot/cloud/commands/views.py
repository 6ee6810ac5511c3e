"""Orders as screens show them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tokkatot.cloud.commands.model import Command
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.kit.clock import to_rfc3339


def command_view(command: Command, names: Mapping[UUID, str]) -> JsonObject:
    """Return an order with the name of who gave it."""
    by = command.requested_by
    return {
        "id": str(command.id),
        "house_id": str(command.house_id),
        "device_id": str(command.device_id),
        "action": command.action.value,
        "value": command.value,
        "duration_s": command.duration_s,
        "state": command.state.value,
        "reason": command.reason,
        "origin": command.origin.value,
        "requested_by": None if by is None else {"id": str(by), "name": names.get(by, "")},
        "requested_at": to_rfc3339(command.requested_at),
        "sent_at": _iso(command.sent_at),
        "started_at": _iso(command.started_at),
        "finished_at": _iso(command.finished_at),
        "ends_at": _iso(command.ends_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else to_rfc3339(instant)
