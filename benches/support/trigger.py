"""How long a sensor's value takes through broker and rule to a relay, and what others take."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from uuid import UUID

from benches.support.lone_farm import Nodes, lone_hub, relay, sensor
from benches.support.rivals import home_assistant, node_red
from benches.support.servers import Missing, mosquitto
from benches.support.statistics import p99, spread
from tokkatot.domain.desired import HouseConfig
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import HouseId, RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition, Threshold

HUB, BROKER = "trigger_to_relay_p99_ms", "broker_only_p99_ms"
NODE_RED, HOME_ASSISTANT = "node_red_p99_ms", "home_assistant_p99_ms"
FIGURES = (HUB, BROKER, NODE_RED, HOME_ASSISTANT)

TRIGGERS = 600
LAMPS = 20
"""Each is started 16 times: no relay may start more than 20 times an hour."""

STEP_LX = 100.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.06
ANSWER_S = 10.0
START_S = 90.0

Rival = Callable[[Path, int, str, str, float], AbstractContextManager[None]]
"""Takes a folder, the broker's port, the sensor, the lamp and the threshold between its states."""

RIVALS: dict[str, Rival] = {NODE_RED: node_red, HOME_ASSISTANT: home_assistant}

_HOUSE = HouseId(UUID(int=1))
_LIGHT = sensor(_HOUSE, 0, Quantity.ILLUMINANCE)
_LAMPS = [relay(_HOUSE, number, DeviceRole.LIGHT) for number in range(LAMPS)]


def measure(
    folder: Path, figures: Sequence[str], say: Callable[[str], None]
) -> Iterator[tuple[str, float]]:
    """Measure what is asked for, each beside the broker alone; leave out what is not installed."""
    folder.mkdir()
    broker_ms: list[float] = []
    with mosquitto(folder) as port:
        if {HUB, BROKER} & set(figures):
            took_ms = _hub_ms(folder / "hub", port, broker_ms)
            say(f"hub: {spread(took_ms, 'ms')}")
            yield HUB, p99(took_ms)
        for figure, rival in RIVALS.items():
            if figure not in figures:
                continue
            try:
                took_ms = _rival_ms(rival, folder / figure, port, broker_ms)
            except Missing as missing:
                say(f"{figure} is left out; it needs {missing}")
                continue
            say(f"{figure}: {spread(took_ms, 'ms')}")
            yield figure, p99(took_ms)
    if broker_ms:
        say(f"broker alone: {spread(broker_ms, 'ms')}")
        yield BROKER, p99(broker_ms)


def _hub_ms(folder: Path, port: int, broker_ms: list[float]) -> list[float]:
    devices = [_LIGHT, *_LAMPS]
    hub = lone_hub(folder, houses=[_house()], devices=devices, broker_port=port, runs_broker=False)
    with Nodes(port, devices, login=None) as nodes:
        hub.start()
        try:
            return _trigger(nodes, [lamp.hardware_id for lamp in _LAMPS], broker_ms)
        finally:
            hub.stop()


def _house() -> HouseConfig:
    """Return a house where each lamp has a threshold of its own, so that one value moves one."""
    rules = tuple(
        Threshold(
            id=RuleId(UUID(int=100 + number)),
            name=lamp.name,
            when=Condition(
                quantity=Quantity.ILLUMINANCE,
                comparison=Comparison.ABOVE,
                threshold=STEP_LX * (number + 1),
            ),
            devices=(lamp.id,),
        )
        for number, lamp in enumerate(_LAMPS)
    )
    return HouseConfig(
        id=_HOUSE,
        number=1,
        name="House",
        kind=HouseKind.GREENHOUSE,
        setpoints=DEFAULT_SETPOINTS[HouseKind.GREENHOUSE],
        rules=rules,
    )


def _rival_ms(rival: Rival, folder: Path, port: int, broker_ms: list[float]) -> list[float]:
    lamp = _LAMPS[0].hardware_id
    folder.mkdir()
    with (
        rival(folder, port, _LIGHT.hardware_id, lamp, STEP_LX),
        Nodes(port, [_LIGHT, _LAMPS[0]], login=None) as nodes,
    ):
        return _trigger(nodes, [lamp], broker_ms)


def _trigger(nodes: Nodes, lamps: Sequence[str], broker_ms: list[float]) -> list[float]:
    """Let the light rise and fall past every lamp's threshold; between, ask the broker alone."""
    _warm_up(nodes, lamps)
    pauses_s = _pauses_s()
    took_ms: list[float] = []
    while len(took_ms) < TRIGGERS:
        for lamp, level, lux in _up_and_down(lamps):
            sleep(next(pauses_s))
            broker_ms.append(nodes.echo(within_s=ANSWER_S) * 1000)
            sleep(next(pauses_s))
            at_s = nodes.measured(_LIGHT.hardware_id, illuminance=lux)
            heard = nodes.expect(lamp, level, within_s=ANSWER_S)
            took_ms.append((heard.at_s - at_s) * 1000)
    return took_ms


def _pauses_s() -> Iterator[float]:
    """Yield pauses that keep step with nothing: parts of the golden ratio, spread evenly."""
    for number in count():
        part = number * 0.618034 % 1
        yield SHORTEST_PAUSE_S + part * (LONGEST_PAUSE_S - SHORTEST_PAUSE_S)


def _warm_up(nodes: Nodes, lamps: Sequence[str]) -> None:
    """Let the light rise and fall until every lamp follows: what has just begun may miss some."""
    end_s = perf_counter() + START_S
    while not _all_follow(nodes, lamps):
        if perf_counter() > end_s:
            raise TimeoutError(f"the lamps did not follow within {START_S:g} s")


def _all_follow(nodes: Nodes, lamps: Sequence[str]) -> bool:
    # The whole way up and down in any case: some wake only when a threshold is crossed.
    followed = [_follows(nodes, *one) for one in _up_and_down(lamps)]
    return all(followed)


def _follows(nodes: Nodes, lamp: str, level: str, lux: float) -> bool:
    nodes.measured(_LIGHT.hardware_id, illuminance=lux)
    try:
        nodes.expect(lamp, level, within_s=0.5)
    except TimeoutError:
        return False
    return True


def _up_and_down(lamps: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    for number, lamp in enumerate(lamps):
        yield lamp, "on", STEP_LX * (number + 1.5)
    for number, lamp in reversed(list(enumerate(lamps))):
        yield lamp, "off", STEP_LX * (number + 0.5)
