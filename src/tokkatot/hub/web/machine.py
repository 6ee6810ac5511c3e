"""What the hub shows to its own machine: all that its drivers read back."""

from tokkatot.hub.loop import ControlLoop


def machine_state(control: ControlLoop) -> dict[str, object]:
    """Return the houses, readings and devices as they are now."""
    view = control.view
    document = view.document
    readings, _devices = view.live()
    return {
        "configured": None if document is None else document.version,
        "pin_from_cloud": document is not None and document.pin is not None,
        "houses": [
            {"id": house.id, "number": house.number, "name": house.name, "kind": house.kind}
            for house in (document.houses if document is not None else ())
        ],
        "readings": [
            {
                "device_id": reading.device,
                "quantity": reading.quantity,
                "t": reading.t,
                "value": reading.value,
                "quality": reading.quality,
            }
            for reading in readings
        ],
        "devices": [
            {
                "id": device.id,
                "hardware_id": device.hardware_id,
                "name": device.name,
                "role": device.role,
                "house_id": device.house_id,
                "online": shown.online,
                "actual": shown.actual,
                "target": shown.target,
                "error": shown.error,
                "why": shown.why,
            }
            for device in (document.devices if document is not None else ())
            for shown in (view.device(device.id),)
        ],
    }
