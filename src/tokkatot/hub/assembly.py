"""Builds the drivers that hub.toml names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import Struct

from tokkatot.hub.config import BrokerAddress, DriverSettings, HubConfig
from tokkatot.hub.drivers.port import Driver
from tokkatot.hub.drivers.simulated.options import SimulatedOptions
from tokkatot.hub.drivers.simulated.source import World
from tokkatot.kit.clock import Clock

S = TypeVar("S", bound=Struct)


class DriverRefused(Exception):
    """A driver whose options can't be used; `reason` says what to change, for people."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"[drivers.{name}] {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What drivers stand on: a world for each simulated one, by its name, and the rest."""

    worlds: Mapping[str, World]
    node_broker: BrokerAddress | None
    positions: Mapping[str, int]
    clock: Clock
    random: Callable[[], float]


def simulated_options(settings: DriverSettings) -> SimulatedOptions:
    """Return the options of a simulated house, for who builds its world.

    Raises:
        DriverRefused: when they are wrong.
    """
    return _options(settings, SimulatedOptions)


def build_drivers(config: HubConfig, around: Surroundings) -> Sequence[Driver]:
    """Return the drivers that a hub's settings name.

    Raises:
        DriverRefused: when the options of one are wrong.
    """
    return [_build(settings, config, around) for settings in config.drivers]


def _build(settings: DriverSettings, config: HubConfig, around: Surroundings) -> Driver:
    # Each kind is imported where it is used: a hub carries no protocol that it does not speak.
    match settings.kind:
        case "simulated":
            from tokkatot.hub.drivers.simulated.driver import SimulatedDriver  # noqa: PLC0415

            return SimulatedDriver(
                settings.name,
                world=around.worlds[settings.name],
                clock=around.clock,
                tick_s=simulated_options(settings).tick_s,
            )
        case "mqtt_node":
            from tokkatot.hub.drivers.mqtt_node.driver import (  # noqa: PLC0415
                MqttNodeDriver,
                NodeBroker,
            )
            from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions  # noqa: PLC0415

            broker = around.node_broker
            if broker is None:
                raise DriverRefused(settings.name, "needs [nodes] broker")
            return MqttNodeDriver(
                settings.name,
                broker=NodeBroker(
                    host=broker.host,
                    port=broker.port,
                    tls=broker.tls,
                    login=broker.login,
                    password=broker.password,
                ),
                farm_id=config.farm_id,
                options=_options(settings, MqttNodeOptions),
                positions=around.positions,
                clock=around.clock,
                random=around.random,
            )
        case "replay":
            from tokkatot.hub.drivers.replay.driver import ReplayDriver  # noqa: PLC0415
            from tokkatot.hub.drivers.replay.options import ReplayOptions  # noqa: PLC0415

            return ReplayDriver(
                settings.name,
                options=_options(settings, ReplayOptions),
                folder=config.folder,
                positions=around.positions,
                clock=around.clock,
            )


def _options(settings: DriverSettings, kind: type[S]) -> S:
    try:
        return msgspec.convert(settings.options, type=kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise DriverRefused(settings.name, str(error)) from error
