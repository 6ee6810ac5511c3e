"""What devices did over a time, from the rows that their hub has sent."""

from datetime import timedelta
from random import Random  # noqa: TID251 - seeded

import pytest
from sqlalchemy import text

from tests.support.house import House
from tests.support.yard import OTHER_EPOCH, Row
from tokkatot.cloud.telemetry import equipment_log
from tokkatot.kit.clock import from_ms, to_rfc3339

MINUTE = 60_000
HOUR = 60 * MINUTE


def state(
    house: House,
    seq: int,
    minutes_ago: float,
    actual: float | None,
    *,
    target: float | None = None,
    online: bool = True,
    error: str | None = None,
) -> Row:
    """Return a row of the pump."""
    t_ms = house.now_ms - round(minutes_ago * MINUTE)
    return [seq, "s", str(house.yard.pump), t_ms, actual, target, online, error, None]


async def rated(house: House, power_w: float) -> None:
    """Let the pump draw so much."""
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text("UPDATE devices SET specs = jsonb_build_object('power_w', CAST(:w AS float8))"),
            {"w": power_w},
        )


async def test_a_devices_line_tells_level_set_point_power_and_errors(house: House) -> None:
    await rated(house, 400)
    rows = [
        state(house, 1, 180, 0, target=0),
        state(house, 2, 120, 100, target=100),
        state(house, 3, 60, 50, target=40, error="overheated"),
        state(house, 4, 30, 50, target=40, online=False),
    ]
    await house.send("events", rows)
    answer = await house.cloud.get(
        f"{house.farm_url}/devices/{house.yard.pump}/history"
        f"?from={to_rfc3339(from_ms(house.now_ms - 150 * MINUTE))}",
        house.owner,
    )
    at = [house.now_ms - minutes * MINUTE for minutes in (150, 120, 60, 30)]
    assert answer["line"]["points"] == [
        [at[0], 0, 0, 0, 1],
        [at[1], 100, 100, 400, 1],
        [at[2], 50, 40, 200, 1],
        [at[3], 50, 40, 200, 0],
    ]
    assert not answer["line"]["truncated"]
    (error,) = answer["line"]["errors"]
    assert (error["error"], error["to"]) == ("overheated", "2026-03-01T05:30:00Z")
    counts = answer["counts"]
    assert counts["runtime_hours"] == pytest.approx(1.5)
    assert counts["energy_kwh"] == pytest.approx(0.4 + 0.1)
    assert (counts["on_cycles"], counts["errors"]) == (1, 1)
    assert counts["known_hours"] == pytest.approx(2)


async def test_what_a_device_measures_is_drawn_beside_what_it_does(house: House) -> None:
    await house.minutes([20.0, 21.0])
    answer = await house.cloud.get(
        f"{house.farm_url}/devices/{house.yard.sensor}/history", house.owner
    )
    assert [series["quantity"] for series in answer["series"]] == ["temperature"]
    assert [value for _, value, _ in answer["series"][0]["points"]] == [20, 21]
    assert answer["counts"]["energy_kwh"] is None


async def test_a_long_line_has_no_more_points_than_wanted(house: House) -> None:
    rows = [state(house, n + 1, 480 - n, 100.0 * (n % 2)) for n in range(480)]
    await house.send("events", rows)
    answer = await house.cloud.get(
        f"{house.farm_url}/devices/{house.yard.pump}/history?points=20", house.owner
    )
    assert answer["line"]["truncated"]
    assert 6 < len(answer["line"]["points"]) <= 20
    assert answer["counts"]["on_cycles"] == 240
    assert answer["counts"]["runtime_hours"] == pytest.approx(4)


async def test_what_is_counted_of_all_time_is_what_its_status_counts(house: House) -> None:
    chance = Random(7)
    ago = sorted((chance.randrange(1, 20_000) for _ in range(300)), reverse=True)
    rows = [
        state(
            house,
            n + 1,
            minutes,
            chance.choice([None, 0, 0, 30, 100]),
            online=chance.random() < 0.8,
            error=chance.choice([None, None, "stuck", "cold"]),
        )
        for n, minutes in enumerate(ago)
    ]
    # The counters run to the last report, so let that one be of now and rest.
    rows.append(state(house, len(rows) + 1, 0, 0))
    await house.send("events", rows)
    status = await house.cloud.get(
        f"{house.farm_url}/devices/{house.yard.pump}/status", house.owner
    )
    page = await house.cloud.get(f"{house.farm_url}/reports/device-usage", house.owner)
    (usage,) = page["items"]
    assert usage["device_id"] == str(house.yard.pump)
    assert usage["counts"]["runtime_hours"] == pytest.approx(status["runtime_hours"], abs=0.001)
    for name in ("on_cycles", "errors"):
        assert usage["counts"][name] == status[name]


@pytest.mark.parametrize("step", ["day", "hour"])
async def test_days_and_hours_are_the_farms_own_and_add_up(house: House, step: str) -> None:
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE farms SET time_zone = 'Asia/Kathmandu'"))
    rows = [state(house, n + 1, 2880 - 7 * n, 100.0 * (n % 2)) for n in range(400)]
    await house.send("events", rows)
    since = f"from={to_rfc3339(from_ms(house.now_ms - 40 * HOUR))}"
    usage = await house.cloud.get(f"{house.farm_url}/reports/device-usage?{since}", house.owner)
    metrics = await house.cloud.get(
        f"{house.farm_url}/reports/device-metrics?{since}&step={step}", house.owner
    )
    stretches = metrics["items"][0]["stretches"]
    # 5:45 h ahead: midnight is 18:15 UTC, and full hours are a quarter past.
    assert {one["from"][14:16] for one in stretches[1:]} == {"15"}
    assert len(stretches) == {"day": 3, "hour": 41}[step]
    for name in ("runtime_hours", "on_cycles", "known_hours"):
        whole = usage["items"][0]["counts"][name]
        assert sum(one[name] for one in stretches) == pytest.approx(whole)


async def test_a_device_is_known_until_its_hub_falls_silent(house: House) -> None:
    await house.send("events", [state(house, 1, 60, 100)])
    house.cloud.clock.advance(7200)
    page = await house.cloud.get(f"{house.farm_url}/reports/device-usage", house.owner)
    assert page["items"][0]["counts"]["runtime_hours"] == pytest.approx(1)
    await house.live()
    page = await house.cloud.get(f"{house.farm_url}/reports/device-usage", house.owner)
    assert page["items"][0]["counts"]["runtime_hours"] == pytest.approx(3)


async def test_more_reports_than_one_answer_may_look_at_are_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.send("events", [state(house, n + 1, 100 - n, n % 2) for n in range(20)])
    monkeypatch.setattr(equipment_log, "MAX_REPORTS", 10)
    answer = await house.cloud.get(
        f"{house.farm_url}/reports/device-usage", house.owner, status=422
    )
    assert answer["errors"][0]["code"] == "too_much"


@pytest.mark.parametrize("asked", ["reports/device-usage", "reports/device-metrics?step=hour"])
async def test_a_time_that_is_too_long_is_refused(house: House, asked: str) -> None:
    start = to_rfc3339(house.cloud.clock.now() - timedelta(days=800))
    url = f"{house.farm_url}/{asked}{'&' if '?' in asked else '?'}from={start}"
    answer = await house.cloud.get(url, house.owner, status=422)
    assert answer["errors"][0]["code"] == "too_long"


async def test_states_that_come_again_from_a_restored_card_are_in_the_trace_once(
    house: House,
) -> None:
    pump, at = str(house.yard.pump), house.now_ms - MINUTE
    why = {
        "source": "rule",
        "reason": "water_low",
        "level": 100.0,
        "until_ms": at,
        "cut_by": ["dry_run"],
        "proposals": [["rule", "water_low", 100.0], ["rest", "rest", 0.0]],
    }
    rows: list[Row] = [
        [1, "s", pump, at - 9000, 0.0, None, True, None, None],
        [2, "s", pump, at - 5000, 33.3, 100.0, True, None, why],
        [3, "s", pump, at, None, 100.0, False, "no_answer", None],
    ]
    await house.send("events", rows)
    await house.restore_card(OTHER_EPOCH, next_seq=5)
    # Of the same time as another, and yet not the same.
    fresh: Row = [4, "s", pump, at - 5000, 66.6, 100.0, True, None, why]
    await house.send("events", [*rows, fresh])
    url = f"{house.farm_url}/devices/{pump}/trace"
    found = (await house.cloud.get(url, house.owner))["items"]
    assert sorted(str(one["actual"]) for one in found) == ["0.0", "33.3", "66.6", "None"]
