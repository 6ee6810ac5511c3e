"""Devices as their hub drives them."""

from tokkatot.cloud.devices.model import Device
from tokkatot.domain.desired import DeviceConfig, RelayLimits
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.domain.quantities import Quantity


def device_config(device: Device, zone: str) -> DeviceConfig:
    """Return a device in a zone as its hub is to drive it."""
    return DeviceConfig(
        id=DeviceId(device.id),
        house_id=HouseId(device.house_id),
        hardware_id=device.hardware_id,
        name=device.name,
        role=device.role,
        interface=device.interface,
        zone=zone,
        quantities=tuple(Quantity(quantity) for quantity in device.quantities),
        period_s=device.period_s,
        address=dict(device.address),
        limits=None if device.limits is None else RelayLimits(**device.limits),
    )
