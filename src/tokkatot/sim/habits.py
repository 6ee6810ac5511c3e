"""What the demo's houses do by themselves, named by the channels of their devices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time
from typing import Final

from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId, RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import (
    Comparison,
    Condition,
    Proportional,
    Rule,
    Stage,
    Staged,
    Threshold,
)
from tokkatot.domain.schedules import DailyTimes, Does, SunTimes, TimeBased

Devices = Mapping[str, DeviceId]
Schedules = Sequence[tuple[str, Does]]


def _coop_schedules(devices: Devices) -> Schedules:
    lit = TimeBased(start=_daily(time(5)), end=_daily(time(20)), devices=(devices["light"],))
    # A feeder that runs longer than a minute is taken for stuck and stopped.
    fed = TimeBased(
        start=_daily(time(6), time(11), time(16)), duration_s=45, devices=(devices["feeder"],)
    )
    schedules: list[tuple[str, Does]] = [("ភ្លើងពេលថ្ងៃ", lit), ("ឲ្យចំណី", fed)]
    if "conveyor" in devices:
        cleaned = TimeBased(
            start=_daily(time(7, 30)), duration_s=300, devices=(devices["conveyor"],)
        )
        schedules.append(("ខ្សែពានលាមក", cleaned))
    return schedules


def _coop_rules(devices: Devices, ids: Iterator[RuleId]) -> Sequence[Rule]:
    return (
        Staged(
            id=next(ids),
            name="ខ្យល់ពីរជំហាន",
            quantity=Quantity.TEMPERATURE,
            comparison=Comparison.ABOVE,
            stages=(
                Stage(threshold=26.0, devices=(devices["fan1"],)),
                Stage(threshold=28.0, devices=(devices["fan2"],)),
            ),
            hysteresis=1.0,
        ),
        Threshold(
            id=next(ids),
            name="បើកខ្យល់ពេលមានអាម៉ូញាក់",
            when=Condition(
                quantity=Quantity.AMMONIA,
                comparison=Comparison.ABOVE,
                threshold=20.0,
                hysteresis=5.0,
                for_s=60.0,
            ),
            devices=(devices["fan1"], devices["fan2"]),
        ),
    )


def _greenhouse_schedules(devices: Devices) -> Schedules:
    watered = TimeBased(
        start=_daily(time(6, 30), time(12), time(16, 30)),
        duration_s=600,
        devices=(devices["irrigation"],),
    )
    evening = TimeBased(
        start=SunTimes(event="sunset", offset_s=-1800), duration_s=7200, devices=(devices["light"],)
    )
    return (("ស្រោចទឹក", watered), ("ភ្លើងពេលល្ងាច", evening))


def _greenhouse_rules(devices: Devices, ids: Iterator[RuleId]) -> Sequence[Rule]:
    return (
        Proportional(
            id=next(ids),
            name="បង្អួចតាមកម្ដៅ",
            quantity=Quantity.TEMPERATURE,
            from_value=24.0,
            to_value=30.0,
            devices=(devices["vent"],),
        ),
        Threshold(
            id=next(ids),
            name="បាំងថ្ងៃពេលត្រង់",
            when=Condition(
                quantity=Quantity.PPFD,
                comparison=Comparison.ABOVE,
                threshold=900.0,
                hysteresis=200.0,
                for_s=120.0,
            ),
            devices=(devices["screen"],),
            level=70.0,
        ),
    )


def _daily(*times: time) -> DailyTimes:
    return DailyTimes(times=times)


SCHEDULES: Final[Mapping[HouseKind, Callable[[Devices], Schedules]]] = {
    HouseKind.COOP: _coop_schedules,
    HouseKind.GREENHOUSE: _greenhouse_schedules,
}
RULES: Final[Mapping[HouseKind, Callable[[Devices, Iterator[RuleId]], Sequence[Rule]]]] = {
    HouseKind.COOP: _coop_rules,
    HouseKind.GREENHOUSE: _greenhouse_rules,
}
