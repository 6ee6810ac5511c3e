"""What would have happened, told by the engine itself."""

from dataclasses import replace
from datetime import UTC, datetime, time
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, IDS, THERMOMETER, document
from tokkatot.automation.preview import Preview, PreviewRefused, Stretch, preview
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import RuleId, ScheduleId
from tokkatot.domain.quantities import Quality, Quantity
from tokkatot.domain.readings import Reading
from tokkatot.domain.rules import Comparison, Condition, Threshold
from tokkatot.domain.schedules import DailyTimes, Schedule, TimeBased

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


def test_history_with_a_hole_is_a_stale_sensor_and_not_a_guess() -> None:
    held = [one for one in history(24) if not 10 <= (one.t_ms - FROM_MS) / 3_600_000 < 11]
    found = preview(document(), held, from_ms=FROM_MS, through_ms=FROM_MS + DAY_MS // 2, step_s=25)
    assert [one.reason for one in of(found, DeviceRole.FAN, "interlock")][-1:] in (
        ["sensor_stale"],
        [],
    )
    assert {one.level for one in of(found, DeviceRole.HEATER, "rest")} == {OFF}


@pytest.mark.parametrize(("days", "step_s"), [(0, 10.0), (-1, 10.0), (365, 1.0)])
def test_a_preview_without_an_end_is_refused(days: int, step_s: float) -> None:
    with pytest.raises(PreviewRefused):
        preview(document(), [], from_ms=FROM_MS, through_ms=FROM_MS + days * DAY_MS, step_s=step_s)
