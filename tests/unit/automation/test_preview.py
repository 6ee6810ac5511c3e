"""What would have happened, told by the engine itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from msgspec import structs

from tests.support.engine import HOUSE, IDS, THERMOMETER, document
from tokkatot.automation.preview import Preview, PreviewRefused, Stretch, preview
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseKind, HouseMode
from tokkatot.domain.ids import RuleId, ScheduleId
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quality, Quantity
from tokkatot.domain.readings import Reading
from tokkatot.domain.rules import (
    Comparison,
    Condition,
    Exclusion,
    LeadLag,
    Proportional,
    Rule,
    Stage,
    Staged,
    Threshold,
)
from tokkatot.domain.schedules import (
    ConditionBased,
    CronTimes,
    CurvePoint,
    DailyTimes,
    Does,
    DurationBased,
    LightCurve,
    Schedule,
    Sequence,
    Step,
    SunTimes,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
)

DAY_MS = 24 * 3_600_000
# Midnight in Phnom Penh.
FROM_MS = round(datetime(2026, 3, 1, 17, tzinfo=UTC).timestamp() * 1000)


def history(hours: int = 48) -> list[Reading]:
    """Return temperatures that go from 24 °C at midnight up to 32 °C at noon and down again."""
    return [
        Reading(
            device_id=THERMOMETER,
            quantity=Quantity.TEMPERATURE,
            t_ms=FROM_MS + second * 1000,
            value=24.0 + 8.0 * (1 - abs((second / 3600) % 24 - 12) / 12),
            quality=Quality.GOOD,
        )
        for second in range(0, hours * 3600, 20)
    ]


def of(found: Preview, role: DeviceRole, source: str) -> list[Stretch]:
    return [one for one in found.stretches if (one.device_id, one.source) == (IDS[role], source)]


def feeding() -> Schedule:
    return Schedule(
        id=ScheduleId(UUID(int=1)),
        house_id=HOUSE,
        name="breakfast",
        does=TimeBased(
            start=DailyTimes(times=(time(6), time(15))),
            duration_s=50,
            devices=(IDS[DeviceRole.FEEDER],),
        ),
    )


def test_a_schedule_tells_what_it_would_have_done_over_two_days() -> None:
    found = preview(
        replace(document(), schedules=(feeding(),)),
        history(),
        from_ms=FROM_MS,
        through_ms=FROM_MS + 2 * DAY_MS,
        step_s=25,
    )
    assert [run.outcome.value for run in found.runs] == ["executed"] * 4
    on = [one for one in of(found, DeviceRole.FEEDER, "schedule") if one.level == ON]
    assert [(one.from_ms - FROM_MS) / 3_600_000 for one in on] == [6, 15, 30, 39]
    assert [one.through_ms - one.from_ms for one in on] == [50_000] * 4
    assert {one.reason for one in on} == {"breakfast"}


def test_a_rule_tells_when_it_would_have_held() -> None:
    lamp = Threshold(
        id=RuleId(UUID(int=5)),
        name="lamp when warm",
        when=Condition(quantity=Quantity.TEMPERATURE, comparison=Comparison.ABOVE, threshold=28.0),
        devices=(IDS[DeviceRole.LIGHT],),
    )
    held = document()
    found = preview(
        replace(held, houses=(replace(held.houses[0], rules=(lamp,)),)),
        history(24),
        from_ms=FROM_MS,
        through_ms=FROM_MS + DAY_MS,
        step_s=25,
    )
    (one,) = of(found, DeviceRole.LIGHT, "rule")
    assert (one.from_ms - FROM_MS) / 3_600_000 == pytest.approx(6, abs=0.03)
    assert (one.through_ms - FROM_MS) / 3_600_000 == pytest.approx(18, abs=0.03)


LIGHT, FAN, HEATER = DeviceRole.LIGHT, DeviceRole.FAN, DeviceRole.HEATER
LAMP = (IDS[LIGHT],)
SIX = DailyTimes(times=(time(6),))
WARM = Condition(quantity=Quantity.TEMPERATURE, comparison=Comparison.ABOVE, threshold=28.0)


def flat(value: float) -> tuple[CurvePoint, ...]:
    return (CurvePoint(day=0, value=value),)


@pytest.mark.parametrize(
    ("does", "role", "source"),
    [
        (DurationBased(run_s=60, rest_s=3600, devices=LAMP), LIGHT, "schedule"),
        (DurationBased(start=SIX, repeat=2, run_s=60, rest_s=60, devices=LAMP), LIGHT, "schedule"),
        (ConditionBased(conditions=(WARM,), devices=LAMP), LIGHT, "schedule"),
        (Sequence(start=SIX, steps=(Step(device_id=IDS[LIGHT], run_s=60),)), LIGHT, "schedule"),
        (LightCurve(start=time(5), hours=flat(2.0), devices=LAMP), LIGHT, "schedule"),
        (
            TimeBased(start=SunTimes(event="sunrise"), duration_s=60, devices=LAMP),
            LIGHT,
            "schedule",
        ),
        (
            TimeBased(start=CronTimes(expression="0 6 * * *"), duration_s=60, devices=LAMP),
            LIGHT,
            "schedule",
        ),
        (
            VentilationCurve(m3_h_kg=flat(1.0), capacity_m3_h=100.0, devices=(IDS[FAN],)),
            FAN,
            "schedule",
        ),
        (TemperatureCurve(minimum_c=flat(27.0), maximum_c=flat(30.0)), HEATER, "rule"),
    ],
    ids=[
        "turns",
        "turns from a moment",
        "condition",
        "sequence",
        "light",
        "sun",
        "cron",
        "air",
        "warmth",
    ],
)
def test_every_kind_of_schedule_can_be_tried(does: Does, role: DeviceRole, source: str) -> None:
    held = document()
    flock = Flock(placed_on=date(2026, 2, 20), count=500)
    one = Schedule(id=ScheduleId(UUID(int=1)), house_id=HOUSE, name="tried", does=does)
    tried = replace(
        held,
        houses=(replace(held.houses[0], flock=flock),),
        schedules=(one,),
        place=Place(latitude=11.48, longitude=104.95),
    )
    found = preview(tried, history(8), from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS // 3, step_s=30)
    assert ON in {stretch.level for stretch in of(found, role, source)}


TRIED, HEAT = RuleId(UUID(int=5)), Quantity.TEMPERATURE
TWINS = (*LAMP, IDS[DeviceRole.FOGGER])


@pytest.mark.parametrize(
    "rule",
    [
        Staged(
            id=TRIED,
            name="tried",
            quantity=HEAT,
            comparison=Comparison.ABOVE,
            stages=(Stage(threshold=26.0, devices=LAMP),),
            hysteresis=0.5,
        ),
        Proportional(
            id=TRIED, name="tried", quantity=HEAT, from_value=24.0, to_value=27.0, devices=LAMP
        ),
        LeadLag(
            id=TRIED,
            name="tried",
            quantity=HEAT,
            comparison=Comparison.ABOVE,
            lead=25.0,
            lag=26.0,
            devices=TWINS,
        ),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_every_kind_of_rule_can_be_tried(rule: Rule) -> None:
    held = document()
    tried = replace(held, houses=(replace(held.houses[0], rules=(rule,)),))
    found = preview(tried, history(8), from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS // 3, step_s=30)
    assert ON in {stretch.level for stretch in of(found, LIGHT, "rule")}


def test_a_rule_may_go_by_how_dry_the_air_is_though_nobody_measures_it() -> None:
    dry = Condition(quantity=Quantity.VPD, comparison=Comparison.ABOVE, threshold=1.5)
    lamp = Threshold(id=TRIED, name="lamp while dry", when=dry, devices=LAMP)
    both = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY)
    held = document()
    tried = replace(
        held,
        houses=(replace(held.houses[0], rules=(lamp,)),),
        devices=tuple(
            replace(one, quantities=both) if one.id == THERMOMETER else one for one in held.devices
        ),
    )
    damp = [
        replace(one, quantity=Quantity.RELATIVE_HUMIDITY, value=60.0, t_ms=one.t_ms + 1)
        for one in history(24)
    ]
    measured = sorted([*history(24), *damp], key=lambda one: one.t_ms)
    through_ms = FROM_MS + DAY_MS
    found = preview(tried, measured, from_ms=FROM_MS, through_ms=through_ms, step_s=25)
    on = [one for one in of(found, LIGHT, "rule") if one.level == ON]
    # At 60 % that is over 28.06 °C: between six in the morning and six in the evening.
    assert [round((one.from_ms - FROM_MS) / 3_600_000) for one in on] == [6]
    assert [round((one.through_ms - FROM_MS) / 3_600_000) for one in on] == [18]
    without = preview(tried, history(24), from_ms=FROM_MS, through_ms=through_ms, step_s=25)
    assert ON not in {one.level for one in of(without, LIGHT, "rule")}


def test_what_must_not_run_beside_another_is_tried_too() -> None:
    cold = Condition(quantity=HEAT, comparison=Comparison.BELOW, threshold=26.0)
    lamp = Threshold(id=TRIED, name="lamp while cold", when=cold, devices=LAMP)
    fogger = IDS[DeviceRole.FOGGER]
    fog = ConditionBased(conditions=(cold,), devices=(fogger,))
    apart = Exclusion(id=RuleId(UUID(int=6)), name="apart", running=LAMP, yields=(fogger,))
    one = Schedule(id=ScheduleId(UUID(int=1)), house_id=HOUSE, name="fog", does=fog)
    held = replace(document(), schedules=(one,))
    levels: list[set[float]] = []
    stopped: list[set[str]] = []
    for rules in ((lamp,), (lamp, apart)):
        tried = replace(held, houses=(replace(held.houses[0], rules=rules),))
        found = preview(tried, history(2), from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS // 24)
        levels.append({s.level for s in found.stretches if s.device_id == fogger})
        stopped.append({s.reason for s in of(found, DeviceRole.FOGGER, "interlock")})
    assert levels[0] >= {ON}
    assert (levels[1], stopped[1]) == ({OFF}, {"excluded"})


def test_a_greenhouse_is_tried_in_its_crop_s_stage_by_day_and_by_night() -> None:
    held = document(HouseKind.GREENHOUSE)
    own = held.houses[0].setpoints
    night = replace(own, temperature_min_c=25.0)
    stages = (HouseMode.FLOWERING, HouseMode.SEEDLING)
    lamps = [
        structs.replace(feeding(), id=ScheduleId(UUID(int=n)), name=stage.value, modes=(stage,))
        for n, stage in enumerate(stages)
    ]
    tried = replace(
        held,
        houses=(replace(held.houses[0], mode=HouseMode.FLOWERING, night=night),),
        schedules=tuple(lamps),
        place=Place(latitude=11.48, longitude=104.95),
    )
    found = preview(tried, history(24), from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS, step_s=25)
    assert {(run.schedule_id, run.outcome.value, run.reason) for run in found.runs} == {
        (lamps[0].id, "executed", None),
        (lamps[1].id, "skipped", "mode"),
    }
    fed = [one for one in of(found, DeviceRole.FEEDER, "schedule") if one.level == ON]
    assert {one.reason for one in fed} == {"flowering"}
    # Below 25 °C is before half past one and after half past ten at night; no day is so warm.
    heated = [one for one in of(found, HEATER, "rule") if one.level == ON]
    hours = sorted({int((one.from_ms - FROM_MS) / 3_600_000) for one in heated})
    assert own.temperature_min_c < 24.0
    assert hours[0] == 0
    assert hours[-1] in {22, 23}
    assert all(hour < 3 or hour >= 22 for hour in hours)


def test_history_with_a_hole_is_a_stale_sensor_and_not_a_guess() -> None:
    cold = [replace(one, value=22.2) for one in history(4)]
    hole = [one for one in cold if not 2 <= (one.t_ms - FROM_MS) / 3_600_000 < 3]
    found = preview(document(), hole, from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS // 6, step_s=25)
    (blown,) = [
        one
        for one in found.stretches
        if one.device_id == IDS[FAN] and one.level == ON and one.from_ms > FROM_MS + 60_000
    ]
    hours = [(at_ms - FROM_MS) / 3_600_000 for at_ms in (blown.from_ms, blown.through_ms)]
    assert hours == [pytest.approx(2.01, abs=0.02), pytest.approx(3.01, abs=0.02)]


@pytest.mark.parametrize(("days", "step_s"), [(0, 10.0), (-1, 10.0), (365, 1.0)])
def test_a_preview_without_an_end_is_refused(days: int, step_s: float) -> None:
    with pytest.raises(PreviewRefused):
        preview(document(), [], from_ms=FROM_MS, through_ms=FROM_MS + days * DAY_MS, step_s=step_s)
