"""What hub.toml says about the farm's nodes; where their broker is stands in `[nodes]`."""

from typing import Annotated

from msgspec import Meta, Struct


class MqttNodeOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rhythm of the contract, which a farm may slow down on a weak radio link."""

    lease_s: Annotated[int, Meta(gt=0, le=300)] = 30
    repeat_s: Annotated[float, Meta(gt=0, le=100)] = 10.0
    heartbeat_s: Annotated[float, Meta(gt=0, le=600)] = 30.0

    def __post_init__(self) -> None:
        if self.repeat_s * 2 > self.lease_s:
            raise ValueError("lease_s must be at least twice repeat_s: one message may be lost")
