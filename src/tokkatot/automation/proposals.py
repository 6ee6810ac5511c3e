"""What sources ask of one actuator, each with its reason."""

from enum import StrEnum, unique

from msgspec import Struct

from tokkatot.domain.devices import Level
from tokkatot.domain.ids import CommandId, DeviceId, ScheduleId


@unique
class Source(StrEnum):
    """Who asks; the order of the members is their precedence."""

    PERSON = "person"
    SCHEDULE = "schedule"
    RULE = "rule"
    REST = "rest"
    INTERLOCK = "interlock"


class Proposal(Struct, frozen=True, kw_only=True):
    """A level that a source asks for; `until_s` is monotonic, None while its condition lasts.

    Of two schedules the one with the higher `priority` wins.
    """

    source: Source
    reason: str
    level: Level
    until_s: float | None = None
    command: CommandId | None = None
    schedule: ScheduleId | None = None
    priority: int = 0


class Hold(Struct, frozen=True, kw_only=True):
    """A person's order for one actuator; it always has an end."""

    command: CommandId
    device_id: DeviceId
    level: Level
    until_s: float

    def proposal(self) -> Proposal:
        """Return the hold as what it asks of the resolver."""
        return Proposal(
            source=Source.PERSON,
            reason="order",
            level=self.level,
            until_s=self.until_s,
            command=self.command,
        )
