"""Names of MQTT topics, built and taken apart in one place."""

from dataclasses import dataclass
from enum import StrEnum, unique
from uuid import UUID

from typing_extensions import override

from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId


@unique
class HubLeaf(StrEnum):
    """The last part of a topic between hub and cloud."""

    HELLO = "hello"
    WELCOME = "welcome"
    UP = "up"
    ACK = "ack"
    LIVE = "live"
    ORIGINAL = "original"
    KEPT = "kept"
    COMMAND = "command"
    EXECUTE = "execute"
    PHOTOGRAPH = "photograph"
    DESIRED = "desired"
    FW_UPDATE = "fw_update"


@unique
class NodeLeaf(StrEnum):
    """The last part of a topic between hub and node."""

    SENSOR = "sensor"
    STATUS = "status"
    HEARTBEAT = "heartbeat"
    COMMAND = "command"
    FW_UPDATE = "fw_update"


FROM_HUB = frozenset({HubLeaf.HELLO, HubLeaf.UP, HubLeaf.LIVE, HubLeaf.ORIGINAL})
TO_HUB = frozenset(
    {
        HubLeaf.WELCOME,
        HubLeaf.ACK,
        HubLeaf.KEPT,
        HubLeaf.COMMAND,
        HubLeaf.EXECUTE,
        HubLeaf.PHOTOGRAPH,
        HubLeaf.DESIRED,
        HubLeaf.FW_UPDATE,
    }
)
DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
"""Where a mosquitto tells how many messages it had no room for, of all its clients."""
FROM_NODE = frozenset({NodeLeaf.SENSOR, NodeLeaf.STATUS, NodeLeaf.HEARTBEAT})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTopic:
    """`farm/{farm}/hubs/{hub}/{leaf}` on the cloud's broker."""

    farm_id: FarmId
    hub_id: HubId
    leaf: HubLeaf

    @override
    def __str__(self) -> str:
        return f"farm/{self.farm_id}/hubs/{self.hub_id}/{self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTopic:
    """`farm/{farm}/devices/{device}/{leaf}` on the farm's broker; `device` is a hardware id."""

    farm: str
    device: str
    leaf: NodeLeaf

    @override
    def __str__(self) -> str:
        return f"farm/{self.farm}/devices/{self.device}/{self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityTopic:
    """`facility/{house}/sensors/{quantity}`, a third-party gateway's reading."""

    house_id: HouseId
    quantity: str


def parse_hub_topic(topic: str) -> HubTopic | None:
    """Return the parts of a hub's topic, or None where it is not one."""
    match topic.split("/"):
        case ["farm", farm, "hubs", hub, leaf]:
            try:
                return HubTopic(
                    farm_id=FarmId(UUID(farm)), hub_id=HubId(UUID(hub)), leaf=HubLeaf(leaf)
                )
            except ValueError:
                return None
        case _:
            return None


def parse_node_topic(topic: str) -> NodeTopic | None:
    """Return the parts of a node's topic, or None where it is not one."""
    match topic.split("/"):
        case ["farm", farm, "devices", device, leaf] if farm and device and len(device) <= 64:
            try:
                return NodeTopic(farm=farm, device=device, leaf=NodeLeaf(leaf))
            except ValueError:
                return None
        case _:
            return None


def parse_facility_topic(topic: str) -> FacilityTopic | None:
    """Return the parts of a third-party gateway's topic, or None where it is not one."""
    match topic.split("/"):
        case ["facility", house, "sensors", quantity] if quantity:
            try:
                return FacilityTopic(house_id=HouseId(UUID(house)), quantity=quantity)
            except ValueError:
                return None
        case _:
            return None


def device_of(topic: NodeTopic) -> DeviceId | None:
    """Return the device's UUID where a node names itself by it, else None (a hardware id)."""
    try:
        return DeviceId(UUID(topic.device))
    except ValueError:
        return None
