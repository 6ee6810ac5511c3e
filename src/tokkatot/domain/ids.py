"""Names for the ids, so that one kind can't be passed for another."""

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
FarmId = NewType("FarmId", UUID)
HouseId = NewType("HouseId", UUID)
ZoneId = NewType("ZoneId", UUID)
FlockId = NewType("FlockId", UUID)
HubId = NewType("HubId", UUID)
DeviceId = NewType("DeviceId", UUID)
CommandId = NewType("CommandId", UUID)
RequestId = NewType("RequestId", UUID)
AlertId = NewType("AlertId", UUID)
ScheduleId = NewType("ScheduleId", UUID)
RuleId = NewType("RuleId", UUID)
AlarmId = NewType("AlarmId", UUID)
