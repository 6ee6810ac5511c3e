"""Fitted twins that live through what their house did, day by day, with an autopilot or without."""

import sys
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, text, update

from tests.support.cloud import Cloud
from tests.support.people import Json
from tests.support.twinned import EVERY, FIT, Twinned, twinned
from tokkatot.climate.calibrate.recording import read_recording
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.alerts.drift import DAY_DRIFTED, DRIFTED_K, FEWEST
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import Decision, FittedTwin, TwinDay
from tokkatot.cloud.main import watch_twins
from tokkatot.cloud.telemetry import equipment_log
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.twins.calibrator import subject_of
from tokkatot.cloud.twins.checking import FOUND_IN, check_days
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.house import devices_in, twin_of
from tokkatot.cloud.twins.recording import recorded
from tokkatot.domain.autopilot import AutopilotMode
from tokkatot.kit.clock import to_rfc3339

# A twin's program is nice to all others, and waits where a machine is busy.
pytestmark = pytest.mark.timeout(300)

DAYS = 4
MIDNIGHT_AGO = timedelta(hours=13)
"""On the farm it is one in the afternoon."""
A_DAY = timedelta(days=1)
LIMIT_K = DAY_DRIFTED * FIT["held_out_after"]["air_k"]
GLASS = FIT | {
    "house": "tomato",
    "parameters": {"roof_par_through": {"value": 0.7, "low": 0.6, "high": 0.8}},
}


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    found = await twinned(cloud)
    await found.heard(timedelta())
    return found


async def fitted(farm: Twinned, house: str, card: Json = FIT) -> None:
    """Let a house have been fitted just before yesterday began on the farm."""
    async with farm.cloud.context.database.transaction() as tx:
        kept = {"known_as": card["house"], "card": card, "job_id": tx.new_id(), "built": None}
        of = {"house_id": UUID(house), "fitted_at": tx.now - MIDNIGHT_AGO - A_DAY}
        await store.keep_fit(tx.session, of | kept)


async def off_the_day_before(farm: Twinned, house: str, off_k: float) -> None:
    """Let a fitted twin have been off by so much on the day before the last one."""
    async with farm.cloud.context.database.transaction() as tx:
        day = (tx.now - MIDNIGHT_AGO - A_DAY).date() - A_DAY
        row = {"house_id": UUID(house), "day": day, "reckoned_at": tx.now}
        await store.keep_twin_day(tx.session, row | {"air_c": 26.0, "off_k": off_k})


async def lived(farm: Twinned, house: str, *, role: str = "fan", warmer_k: float = 0.0) -> float:
    """Record days of a house so much warmer than its twin; return the mean of the last one."""
    since = await farm.weathered(DAYS, mean_c=24.0)
    levels = 100 * (0.5 + 0.4 * np.sin(np.arange(96 * DAYS) / 7))
    await farm.reported(
        house, role, [(since + n * EVERY, one) for n, one in enumerate(levels.tolist())]
    )
    begun = farm.cloud.clock.now() - MIDNIGHT_AGO - A_DAY - FOUND_IN
    await farm.measured(house, "climate_sensor", "temperature", begun, [26.0])
    air = await lived_by_twin(farm, house, Span(start=begun, end=begun + FOUND_IN + A_DAY))
    shown = (air[1:] + warmer_k).tolist()
    await farm.measured(house, "climate_sensor", "temperature", begun + EVERY, shown)
    return float(air[-96:].mean())


async def lived_by_twin(farm: Twinned, house: str, span: Span) -> NDArray[np.float64]:
    """Return how warm the fitted twin is each quarter of an hour, under what its house did."""
    async with farm.cloud.context.database.transaction() as tx:
        stored = farm.cloud.readings.within(tx)
        found = await tx.session.get_one(House, UUID(house))
        fit = await tx.session.get_one(FittedTwin, UUID(house))
        known, devices = KnownHouse(fit.known_as), await devices_in(tx, found)
        record = await recorded(tx, stored, found, known, devices, span)
        twin = fitted_twin(fit, await twin_of(tx, found, known, devices, at=span.start))
    assert (record.start, record.rows) == (span.start, 3 * 96)
    subject = subject_of(twin)
    recording = read_recording(record.lines(), subject.controls, subject.known)
    air: NDArray[np.float64] = subject.lived(recording, [], np.empty((1, 0)))[0][:, 0]
    return air


async def yesterday(farm: Twinned, house: str) -> Json:
    """Let twins be checked and watched, and return the last day of a house that is over."""
    await check_days(farm.cloud.context, farm.cloud.readings)
    await watch_twins(farm.cloud.context)
    since = to_rfc3339(farm.cloud.clock.now() - MIDNIGHT_AGO - A_DAY).replace("+", "%2B")
    path = f"/v1/farms/{farm.farm}/houses/{house}/analytics/daily?from={since}"
    first, today = (await farm.cloud.get(path, farm.owner))["items"]
    assert today["twin_off_k"] is None
    return first


async def standing(farm: Twinned) -> list[tuple[str, float, float]]:
    found = (await farm.cloud.get(f"/v1/farms/{farm.farm}/alerts", farm.owner))["items"]
    return [
        (one["type"], one["threshold"], one["actual"]) for one in found if one["cleared_at"] is None
    ]


async def off_by(farm: Twinned, off_k: float) -> None:
    """Let a twin have been off by so much on its last day, whatever it was."""
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(update(TwinDay).values(off_k=off_k))
    await watch_twins(farm.cloud.context)


async def test_a_twin_that_lives_as_its_house_did_is_near_it(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    mean_c = await lived(farm, farm.coop)
    day = await yesterday(farm, farm.coop)
    assert day["twin_off_k"] == pytest.approx(0.0, abs=0.01)
    assert day["twin_temperature_c"] == pytest.approx(mean_c, abs=0.01)
    assert day["temperature_c"] == pytest.approx(mean_c, abs=0.05)
    assert await standing(farm) == []


@pytest.mark.parametrize(("kind", "role"), [("coop", "fan"), ("greenhouse", "vent")])
async def test_a_house_that_is_another_is_told_of_once_without_an_autopilot(
    farm: Twinned, kind: str, role: str
) -> None:
    house = farm.coop if kind == "coop" else farm.greenhouse
    await fitted(farm, house, FIT if kind == "coop" else GLASS)
    await lived(farm, house, role=role, warmer_k=2.5)
    day = await yesterday(farm, house)
    assert day["twin_off_k"] == pytest.approx(2.5, abs=0.01)
    # One day alone may be one on which birds were sold.
    assert await standing(farm) == []
    await off_the_day_before(farm, house, 0.9 * LIMIT_K)
    await watch_twins(farm.cloud.context)
    assert await standing(farm) == []
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(delete(TwinDay).where(TwinDay.off_k < LIMIT_K))
    await off_the_day_before(farm, house, 2.4)
    await yesterday(farm, house)
    await yesterday(farm, house)
    ((type_, limit_k, off_k),) = await standing(farm)
    assert (type_, limit_k) == ("twin_drift", LIMIT_K)
    assert off_k == pytest.approx(2.5, abs=0.01)
    # It stays until the twin is well under its limit.
    await off_by(farm, 0.9 * LIMIT_K)
    assert len(await standing(farm)) == 1
    await off_by(farm, 0.6 * LIMIT_K)
    assert await standing(farm) == []


async def test_a_new_fit_ends_what_the_old_one_was_off_by(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    await lived(farm, farm.coop, warmer_k=2.5)
    await off_the_day_before(farm, farm.coop, 2.5)
    await yesterday(farm, farm.coop)
    assert len(await standing(farm)) == 1
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(update(FittedTwin).values(fitted_at=tx.now))
    await watch_twins(farm.cloud.context)
    assert await standing(farm) == []


async def test_where_an_autopilot_asks_the_twin_its_decisions_tell(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    await lived(farm, farm.coop, warmer_k=2.5)
    await off_the_day_before(farm, farm.coop, 2.5)

    async def decided(off_k: float) -> None:
        async with farm.cloud.context.database.transaction() as tx:
            await tx.session.execute(text("DELETE FROM autopilot_decisions"))
            told = {"mode": AutopilotMode.AUTO, "shift_k": 0.0, "air_c": 27.0}
            of = {"house_id": UUID(farm.coop), "foretold_c": 27.0 + off_k}
            rows = [{"t": tx.now - number * timedelta(minutes=5)} for number in range(FEWEST)]
            await tx.session.execute(insert(Decision), [row | of | told for row in rows])

    await decided(0.1)
    assert (await yesterday(farm, farm.coop))["twin_off_k"] > LIMIT_K
    assert await standing(farm) == []
    await decided(1.5)
    await watch_twins(farm.cloud.context)
    assert await standing(farm) == [("twin_drift", DRIFTED_K, 1.5)]


async def test_a_day_that_nobody_recorded_is_looked_at_again_and_is_no_drift(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    assert (await yesterday(farm, farm.coop))["twin_off_k"] is None
    async with farm.cloud.context.database.transaction() as tx:
        (row,) = (await tx.session.scalars(select(TwinDay))).all()
        assert (row.off_k, row.lacking) == (None, "records")
    await lived(farm, farm.coop)
    assert (await yesterday(farm, farm.coop))["twin_off_k"] == pytest.approx(0.0, abs=0.01)


async def test_a_day_waits_for_a_hub_that_is_away(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    await farm.heard(MIDNIGHT_AGO + timedelta(hours=1))
    await yesterday(farm, farm.coop)
    async with farm.cloud.context.database.transaction() as tx:
        assert (await tx.session.scalars(select(TwinDay))).all() == []


async def checked(farm: Twinned, *first: str) -> dict[UUID, tuple[float | None, str | None]]:
    """Let a program answer so of the first house, and well of all others; return what is kept."""
    program = f"""
import sys
coops = b"tunnel" in sys.stdin.buffer.read()
print({first!r}[0] if coops else '{{"result": {{"air_c": 25.0, "off_k": 0.5}}}}')
"""
    await check_days(
        farm.cloud.context, farm.cloud.readings, program=(sys.executable, "-c", program)
    )
    async with farm.cloud.context.database.transaction() as tx:
        rows = await tx.session.scalars(select(TwinDay))
        return {row.house_id: (row.off_k, row.lacking) for row in rows}


async def both_fitted(farm: Twinned) -> None:
    """Let two houses have been fitted and recorded, of which the coop comes first."""
    assert farm.coop < farm.greenhouse
    await fitted(farm, farm.coop)
    await lived(farm, farm.coop)
    await fitted(farm, farm.greenhouse, GLASS)
    await lived(farm, farm.greenhouse, role="vent")


@pytest.mark.parametrize(
    "answer", ['{"result": {"air_c": null, "off_k": null}}', '{"result": {"unheard": 1}}']
)
async def test_a_twin_that_comes_to_no_number_holds_up_no_other(farm: Twinned, answer: str) -> None:
    await both_fitted(farm)
    assert await checked(farm, answer) == {
        UUID(farm.coop): (None, "twin"),
        UUID(farm.greenhouse): (0.5, None),
    }


async def test_a_house_that_told_too_much_holds_up_no_other(
    farm: Twinned, monkeypatch: pytest.MonkeyPatch
) -> None:
    await both_fitted(farm)
    span = {"device": farm.devices[farm.greenhouse, "vent"]}
    async with farm.cloud.context.database.transaction() as tx:
        # A single report of the other house is left, that it was open all the while.
        await tx.session.execute(
            text(
                "DELETE FROM device_state_log WHERE device_id = :device AND t >"
                " (SELECT min(t) FROM device_state_log WHERE device_id = :device)"
            ),
            span,
        )
    monkeypatch.setattr(equipment_log, "MAX_REPORTS", 50)
    assert await checked(farm, "") == {
        UUID(farm.coop): (None, "records"),
        UUID(farm.greenhouse): (0.5, None),
    }


async def test_a_greenhouse_is_empty_until_its_crop_is_planted(farm: Twinned) -> None:
    await fitted(farm, farm.greenhouse, GLASS)
    path = f"/v1/farms/{farm.farm}/houses/{farm.greenhouse}/crop-cycles"
    await farm.cloud.post(path, {"crop_type": "tomato", "planted_on": "2026-03-01"}, farm.owner)
    assert await checked(farm, "") == {UUID(farm.greenhouse): (None, "empty")}


async def test_an_empty_house_is_not_held_against_its_twin(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    await lived(farm, farm.coop, warmer_k=2.5)
    # Nobody notes the hour from which on a house is empty: the day of clearing is none either.
    await farm.restocked(cleared_on="2026-02-28")
    assert await checked(farm, "") == {UUID(farm.coop): (None, "empty")}


async def test_a_flock_that_goes_ends_what_its_house_was_off_by(farm: Twinned) -> None:
    await fitted(farm, farm.coop)
    await off_the_day_before(farm, farm.coop, 2.5)
    async with farm.cloud.context.database.transaction() as tx:
        day = {"house_id": UUID(farm.coop), "day": (tx.now - MIDNIGHT_AGO - A_DAY).date()}
        await store.keep_twin_day(tx.session, day | {"reckoned_at": tx.now, "off_k": 2.5})
    await watch_twins(farm.cloud.context)
    assert len(await standing(farm)) == 1
    await farm.restocked(cleared_on="2026-03-01")
    await watch_twins(farm.cloud.context)
    assert await standing(farm) == []
