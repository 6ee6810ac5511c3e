"""The desired document as it comes out of its signed envelope, checked before it is used."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.domain.alarms import MAX_ALARMS, MAX_SEEN, MAX_SHELVES
from tokkatot.domain.autopilot import MAX_POLICIES
from tokkatot.domain.desired import (
    MAX_DEVICES,
    MAX_HOUSES,
    MAX_RULES,
    MAX_SCHEDULES,
    DesiredDocument,
)
from tokkatot.domain.houses import MODES
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.wire.envelope import SignatureError, unseal
from tokkatot.wire.messages import MessageError


class DesiredRefused(Exception):
    """A desired document that is not for this hub or contradicts itself; `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def open_desired(
    envelope: bytes, keys: Mapping[str, Ed25519PublicKey], *, farm_id: FarmId, hub_id: HubId
) -> DesiredDocument:
    """Return the document in a signed envelope.

    Its expiry is not looked at: it ends the time in which the document may be taken over, while a
    hub without a cloud goes on with the newest one that it holds.

    Raises:
        DesiredRefused: when the signature, the shape or the content is wrong.
    """
    try:
        document = msgspec.json.decode(unseal(envelope, keys), type=DesiredDocument)
    except (MessageError, SignatureError, msgspec.DecodeError, RecursionError) as error:
        raise DesiredRefused(str(error)) from error
    check_desired(document, farm_id=farm_id, hub_id=hub_id)
    return document


def check_desired(document: DesiredDocument, *, farm_id: FarmId, hub_id: HubId) -> None:
    """Refuse a document that this hub can't hold.

    Raises:
        DesiredRefused: when it is another hub's, or its parts don't fit each other.
    """
    if (document.farm_id, document.hub_id) != (farm_id, hub_id):
        raise DesiredRefused(f"the document is for hub {document.hub_id}")
    if len(document.houses) > MAX_HOUSES or len(document.devices) > MAX_DEVICES:
        raise DesiredRefused("more houses or devices than a hub holds")
    houses = {house.id for house in document.houses}
    devices = {device.id for device in document.devices}
    if len(houses) != len(document.houses) or len(devices) != len(document.devices):
        raise DesiredRefused("a house or a device is there twice")
    for device in document.devices:
        if device.house_id not in houses:
            raise DesiredRefused(f"device {device.id} is in no house of this hub")
        if not 0 < device.period_s <= 86_400:
            raise DesiredRefused(f"device {device.id} has no usable period")
    _check_automation(document, houses)
    _check_alarms(document)


def _check_automation(document: DesiredDocument, houses: AbstractSet[HouseId]) -> None:
    try:
        ZoneInfo(document.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DesiredRefused(f"nobody knows the time zone {document.time_zone!r}") from error
    if len(document.schedules) > MAX_SCHEDULES:
        raise DesiredRefused("more schedules than a hub holds")
    if len({schedule.id for schedule in document.schedules}) != len(document.schedules):
        raise DesiredRefused("a schedule is there twice")
    if len(document.policies) > MAX_POLICIES:
        raise DesiredRefused("more policies than a hub holds")
    for schedule in document.schedules:
        if schedule.house_id not in houses:
            raise DesiredRefused(f"schedule {schedule.id} is of no house of this hub")
    for house in document.houses:
        if len(house.rules) > MAX_RULES:
            raise DesiredRefused(f"house {house.id} has more rules than a hub holds")
        if house.mode is not None and house.mode not in MODES[house.kind]:
            raise DesiredRefused(f"a {house.kind} knows no mode {house.mode}")


def _check_alarms(document: DesiredDocument) -> None:
    if len(document.shelved) > MAX_SHELVES or len(document.seen) > MAX_SEEN:
        raise DesiredRefused("more alarms at rest or seen than a hub holds")
    for house in document.houses:
        if len(house.alarms) > MAX_ALARMS:
            raise DesiredRefused(f"house {house.id} has more alarms than a hub holds")
        if len({alarm.id for alarm in house.alarms}) != len(house.alarms):
            raise DesiredRefused(f"house {house.id} has an alarm twice")
