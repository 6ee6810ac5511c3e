"""Tells a farm's screens and hubs that something of the farm is no longer what it was."""

from typing import Literal
from uuid import UUID

from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.ids import FarmId

What = Literal[
    "farm",
    "house",
    "device",
    "member",
    "setpoints",
    "mode",
    "rules",
    "alarms",
    "schedule",
    "stop",
    "hub",
    "flock",
    "crop",
    "autopilot",
]


def farm_changed(tx: Transaction, farm_id: FarmId, what: What, thing_id: UUID) -> None:
    """Emit `farm.changed`."""
    tx.emit(farm_id, "farm.changed", {"what": what, "id": str(thing_id)})
