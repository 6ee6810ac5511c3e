"""A house's twin fitted to what the store has of the house, and what is done with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.cloud import Cloud
from tests.support.jobs import stored
from tests.support.twinned import EVERY, Json, Twinned, twinned
from tokkatot.climate.calibrate.recording import READINGS, read_recording
from tokkatot.climate.calibrate.subjects import CoopSubject
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import Moment
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.houses import settled
from tokkatot.climate.physics.poultry.model import Controls
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.main import job_kinds
from tokkatot.cloud.twins import calibrating
from tokkatot.cloud.twins.built import coop_built
from tokkatot.cloud.twins.calibrator import Task
from tokkatot.cloud.twins.house import hour_of_day
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.kit.clock import to_rfc3339

pytestmark = pytest.mark.timeout(300)

DAYS = 9
TRUE = {"heat_total": 0.85, "heat_sensible": 0.9}
QUANTITIES = ("temperature", "relative_humidity", "co2")


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def moved(
    farm: Twinned,
    role: DeviceRole,
    since: datetime,
    levels: Sequence[float],
    house: str | None = None,
) -> None:
    """Let a device of a house, else of the coop, have reported a level each quarter of an hour."""
    await farm.reported(
        house or farm.coop, role, [(since + n * EVERY, level) for n, level in enumerate(levels)]
    )


async def prepared(farm: Twinned, body: Json, house: str | None = None) -> tuple[Task, Json]:
    """Return what the fit's program would be told, and the job."""
    job = await farm.ask(house or farm.coop, body, what="calibrate")
    kind = job_kinds(farm.cloud.context, farm.cloud.readings)[calibrating.KIND]
    async with farm.cloud.context.database.transaction() as tx:
        found = await kind.prepare(tx, await stored(farm.cloud, UUID(job["id"])))
    await farm.cloud.http.delete(f"/v1/jobs/{job['id']}", headers=farm.owner.headers)
    return msgspec.msgpack.decode(found.task, type=Task), job


async def reason(farm: Twinned, body: Json) -> Reason:
    """Return why a fit that is asked for so can't be made."""
    with pytest.raises(Unanswerable) as refused:
        await prepared(farm, body)
    return refused.value.reason


async def recorded_coop(farm: Twinned) -> Json:
    """Record days of a coop that a twin with other parameters lived through; return its body."""
    rng = np.random.default_rng(5)
    since = await farm.weathered(DAYS, mean_c=24)
    levels = 100 * np.clip(
        0.5 + 0.4 * np.sin(np.arange(96 * DAYS) / 7) + rng.normal(0, 0.1), 0.1, 1
    )
    await moved(farm, DeviceRole.FAN, since, levels.tolist())
    body = {"from": to_rfc3339(since), "fit": list(TRUE)}
    first = {
        quantity: [value] for quantity, value in zip(QUANTITIES, (26.0, 70.0, 900.0), strict=True)
    }
    for quantity, values in first.items():
        await farm.measured(farm.coop, "climate_sensor", quantity, since, values)
    task, _ = await prepared(farm, body)
    subject = CoopSubject(*coop_built(task.twin))
    knobs = [knob for knob in subject.knobs if knob.name in TRUE]
    recording = read_recording(task.lines, subject.controls, subject.known)
    shown = subject.lived(recording, knobs, np.array([[TRUE[knob.name] for knob in knobs]]))[0]
    shown += rng.normal(0, 1, shown.shape) * (0.2, 1.0, 15.0)
    for column, quantity in enumerate(QUANTITIES):
        values = np.clip(shown[1:, column], 0.0, 100.0 if quantity != "co2" else None).tolist()
        later = since + EVERY
        await farm.measured(farm.coop, "climate_sensor", quantity, later, values)
    assert READINGS == ("air_c", "humidity_pct", "co2_ppm")
    return body


async def test_a_fit_finds_what_the_house_is_and_what_if_and_autopilot_go_by_it(
    farm: Twinned,
) -> None:
    body = await recorded_coop(farm)
    question = {"weather": {"kind": "recorded"}}
    before = (await farm.answer(farm.coop, question))["result"]

    job = await farm.answer(farm.coop, body, what="calibrate")

    assert job["state"] == "completed", job
    found = job["result"]
    assert "built" not in found
    for name, value in TRUE.items():
        told = found["parameters"][name]
        assert told["low"] < value < told["high"]
        assert told["before"] == 1.0
    assert (found["days_fitted"], found["days_held_out"]) == (6, 2)
    assert found["held_out_after"]["air_k"] < found["held_out_before"]["air_k"]

    twin = await farm.cloud.get(f"/v1/farms/{farm.farm}/houses/{farm.coop}/twin", farm.owner)
    assert twin["house"] == "tunnel"
    assert twin["fit"]["parameters"].keys() == TRUE.keys()
    card = await farm.cloud.get(
        f"/v1/farms/{farm.farm}/houses/{farm.coop}/recommendation", farm.owner
    )
    assert card["twin"]["off_k"] == found["held_out_after"]["air_k"]
    after = (await farm.answer(farm.coop, question))["result"]
    assert (before["twin"]["fitted_at"], after["twin"]["fitted_at"]) == (
        None,
        twin["fit"]["fitted_at"].replace("Z", ".000Z"),
    )
    assert after["plans"]["as_is"]["air_c"] != before["plans"]["as_is"]["air_c"]
    # Another house than the one that was fitted is none of its parameters.
    other = (await farm.answer(farm.coop, question | {"twin": "open"}))["result"]
    assert other["twin"]["fitted_at"] is None

    path, larger = f"/v1/farms/{farm.farm}/houses/{farm.coop}", {"floor_area_m2": 100}
    said = await farm.cloud.http.patch(path, json=larger, headers=farm.owner.headers)
    assert said.status_code == 200, said.text
    refused = await farm.answer(farm.coop, question)
    assert refused["trouble"]["reason"] == {"code": "fit_again", "values": {}}


async def test_records_that_can_not_tell_are_refused_with_the_reason(farm: Twinned) -> None:
    since = await farm.weathered(DAYS)
    await moved(farm, DeviceRole.FAN, since, [100.0] * 96 * DAYS)
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.0] * 96 * 2)
    body = {"from": to_rfc3339(since)}
    few = await farm.answer(farm.coop, body, what="calibrate")
    assert (few["state"], few["trouble"]["code"]) == ("failed", "refused")
    assert "days with readings can be fitted" in few["trouble"]["detail"]
    assert few["trouble"]["reason"] == {
        "code": "too_few_days",
        "values": {"days_fitted": 1, "days_held_out": 0, "days_needed": 5},
    }
    twin = await farm.cloud.get(f"/v1/farms/{farm.farm}/houses/{farm.coop}/twin", farm.owner)
    assert (twin["house"], twin["fit"]) == ("tunnel", None)
    assert (twin["asked"]["id"], twin["asked"]["trouble"]) == (few["id"], few["trouble"])


async def test_the_longest_time_in_which_all_is_known_is_taken(farm: Twinned) -> None:
    since = farm.cloud.clock.now() - timedelta(days=2)
    for quantity in ("temperature", "relative_humidity", "global_radiation"):
        await farm.measured(farm.greenhouse, "weather_station", quantity, since, [25.0] * 40)
        later = since + timedelta(hours=20)
        await farm.measured(farm.greenhouse, "weather_station", quantity, later, [26.0] * 60)
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.0] * 120)
    await moved(farm, DeviceRole.FAN, since, [50.0, 100.0] * 60)
    task, job = await prepared(farm, {"from": to_rfc3339(since)})
    lines = [line.split(",") for line in task.lines]
    assert lines[0] == [
        "time_s", "radiation_w_m2", "outdoor_c", "outdoor_humidity_pct", "air_c", "fans", "inlets",
        "light",
    ]  # fmt: skip
    assert lines[1] == ["0", "26", "26", "26", "27", "0.5", "0.5", "1"]
    assert lines[2][-3:] == ["1", "1", "1"]
    # Nine in the morning it was; without a lamp the birds rest from eight in the evening on.
    assert [line[-1] for line in lines[1 + 4 * 10 : 1 + 4 * 12]] == ["1"] * 4 + ["0"] * 4
    # An hour more is drawn on with the last that was measured.
    assert len(lines) - 1 == 64
    assert job["kind"] == "twin.calibrate"


async def test_all_that_heats_is_one_column_by_rated_power(farm: Twinned) -> None:
    since = await farm.weathered(1)
    devices = {}
    for house, power_w in ((farm.coop, {"power_w": 2000}), (farm.greenhouse, {})):
        made = await farm.cloud.post(
            f"/v1/farms/{farm.farm}/devices",
            {
                "house_id": house,
                "hardware_id": f"{house}-hvac",
                "name": "hvac",
                "role": "hvac",
                "interface": "relay",
                "quantities": [],
                "specs": power_w,
            },
            await farm.cloud.staff(),
        )
        devices[house, "hvac"] = str(made["id"])
    farm = replace(farm, devices={**farm.devices, **devices})
    for house, column, shares in (
        # Of 8 and 2 kW; and half and half where nobody said what they draw.
        (farm.coop, "heaters", ["0.8", "0.2"]),
        (farm.greenhouse, "heating", ["0.5", "0.5"]),
    ):
        await farm.measured(house, "climate_sensor", "temperature", since, [27.0] * 96)
        await moved(farm, DeviceRole.HEATER, since, [100.0, 0.0] * 48, house=house)
        await moved(farm, DeviceRole.HVAC, since, [0.0, 100.0] * 48, house=house)
        task, _ = await prepared(farm, {"from": to_rfc3339(since)}, house=house)
        lines = [line.split(",") for line in task.lines]
        at = lines[0].index(column)
        assert [line[at] for line in lines[1:3]] == shares


async def test_what_a_fit_needs_and_nobody_recorded_is_said(farm: Twinned) -> None:
    since = farm.cloud.clock.now() - timedelta(days=2)
    body = {"from": to_rfc3339(since)}
    assert await reason(farm, body) == Reason("no_weather", {"quantity": "global_radiation"})
    await farm.weathered(2)
    assert await reason(farm, body) == Reason("nothing_inside")
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.0])
    assert await reason(farm, body) == Reason("no_actuator")
    await moved(farm, DeviceRole.FAN, farm.cloud.clock.now() - timedelta(minutes=5), [100.0])
    assert await reason(farm, body) == Reason("too_short")


def under_rules(task: Task, since: datetime, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what instruments would have shown under a hub's rules, with their errors."""
    built, state = coop_built(task.twin)
    recording = read_recording(task.lines, Controls, CoopSubject.known)
    rules = HeldRules(points=DEFAULT_SETPOINTS[HouseKind.COOP])
    state = settled(state, air_c=26.0, humidity_pct=70.0, co2_ppm=900.0)
    twin, rows = HeldTwin(state, replace(built, heat_total=TRUE["heat_total"])), []
    for number, row in enumerate(recording.weather):
        rows.append(twin.shown())
        outdoor = Outdoor(**{name: float(row[name]) for name in row.dtype.names})
        hour = hour_of_day(since + number * EVERY, "Asia/Phnom_Penh")
        twin.live(rules, Moment(outdoor=outdoor, hour=hour), EVERY.total_seconds())
    return np.array(rows) + rng.normal(0, 1, (len(rows), 3)) * (0.2, 1.0, 15.0)


async def test_curtains_without_a_drive_hang_open_as_the_twin_of_the_rules_has_them(
    farm: Twinned,
) -> None:
    # So warm that the rules shut nothing.
    since = await farm.weathered(DAYS, mean_c=31)
    body = {"from": to_rfc3339(since), "fit": ["heat_total"], "twin": "open"}
    await moved(farm, DeviceRole.FAN, since, [100.0] * 96 * DAYS)
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [26.0])
    task, _ = await prepared(farm, body)
    shown = under_rules(task, since, np.random.default_rng(3))
    for column, quantity in enumerate(QUANTITIES):
        values = np.clip(shown[1:, column], 0.0, 100.0 if quantity != "co2" else None).tolist()
        await farm.measured(farm.coop, "climate_sensor", quantity, since + EVERY, values)
    job = await farm.answer(farm.coop, body, what="calibrate")
    assert job["state"] == "completed", job["trouble"]
    told = job["result"]["parameters"]["heat_total"]
    assert told["low"] < TRUE["heat_total"] < told["high"], told


async def test_a_fit_lives_through_one_flock_from_its_placing_on(farm: Twinned) -> None:
    since = await farm.weathered(21)
    await farm.restocked(cleared_on="2026-02-14", placed_on="2026-02-16")
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.0] * 96 * 21)
    await moved(farm, DeviceRole.FAN, since, [50.0] * 96 * 21)
    task, _ = await prepared(farm, {"from": to_rfc3339(since)})
    assert task.twin.birds is not None
    assert (task.twin.birds.count, task.twin.birds.age_d) == (300, 0.0)
    # From midnight on the farm, which is at 17 hours, until now, at six.
    assert len(task.lines) - 1 == 96 * 13 + 4 * 13

    before = {"from": to_rfc3339(since), "through": "2026-02-16T06:00:00Z"}
    task, _ = await prepared(farm, before)
    assert task.twin.birds is not None
    assert (task.twin.birds.count, task.twin.birds.age_d) == (480, 0.0)
    assert len(task.lines) - 1 == 96 * 4
    cleared = {"from": "2026-02-13T18:00:00Z", "through": "2026-02-15T06:00:00Z"}
    assert await reason(farm, cleared) == Reason("too_short")
    empty = {"from": "2026-02-14T18:00:00Z", "through": "2026-02-15T16:00:00Z"}
    task, _ = await prepared(farm, empty)
    assert task.twin.birds is None
