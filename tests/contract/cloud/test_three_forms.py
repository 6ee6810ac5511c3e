"""Every question about readings has one answer, wherever they lie: open, packed, or come late."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random  # noqa: TID251 - seeded
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.cloud import Cloud, Person
from tests.support.files import readings_in
from tests.support.yard import ms
from tokkatot.cloud.telemetry import history
from tokkatot.cloud.telemetry.catalogue import Catalogue, learn
from tokkatot.cloud.telemetry.formats import Format
from tokkatot.cloud.telemetry.partitions import DAY_MS, day_of
from tokkatot.cloud.telemetry.store import Arrivals
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms, to_rfc3339

HOUR_MS = 3_600_000
DAYS = 8
STEP_MS = 30 * 60_000
AIR = ("temperature", "relative_humidity")
FORMS = ("open", "packed", "late", "packed again")
Readings = dict[str, dict[int, float]]


@dataclass
class House:
    """A house with a device for each form in which readings may lie."""

    cloud: Cloud
    owner: Person
    staff: Person
    farm: UUID
    id: str
    now_ms: int

    async def device(self, number: str) -> str:
        """Register one more device."""
        body = {
            "house_id": self.id,
            "hardware_id": number,
            "name": "T",
            "role": "climate_sensor",
            "interface": "sensor",
            "quantities": list(AIR),
        }
        made = await self.cloud.post(f"/v1/farms/{self.farm}/devices", body, self.staff)
        return str(made["id"])

    async def add(self, device: str, readings: Readings) -> None:
        """Store readings as they come."""
        store = self.cloud.readings
        await store.prepare({day_of(t) for one in readings.values() for t in one})
        async with self.cloud.context.database.transaction() as tx:
            found = await learn(
                tx, Catalogue(version=0), FarmId(self.farm), [(device, name) for name in readings]
            )
            await store.within(tx).add(
                {
                    found.series[device, name].id: Arrivals(
                        list(one), list(one.values()), [0] * len(one)
                    )
                    for name, one in readings.items()
                }
            )

    async def pack(self, device: str) -> None:
        """Pack all days of a device but the last two hours."""
        cut = from_ms(self.now_ms - self.now_ms % HOUR_MS - HOUR_MS)
        first = day_of(self.now_ms) - DAYS - 1
        async with self.cloud.context.database.transaction() as tx:
            keys = await history.find_series(tx.session, UUID(self.id), devices=[UUID(device)])
            for key in keys:
                for day in range(first, day_of(self.now_ms) + 1):
                    await self.cloud.readings.within(tx).fold(key.id, day, cut=cut)

    async def answers(self, device: str) -> dict[str, Any]:
        """Return what every route says of a device's readings, without its name."""
        start = to_rfc3339(from_ms(self.now_ms) - timedelta(days=DAYS))
        asked = f"device={device}&from={start}"
        quantities = "&".join(f"quantity={name}" for name in (*AIR, "vpd"))
        url = f"/v1/farms/{self.farm}/houses/{self.id}"
        routes = [
            f"{url}/history?{asked}&{quantities}&points={points}&shape={shape}"
            for points in (7, 5000)
            for shape in ("average", "extremes", "lttb")
        ]
        routes += [
            f"/v1/farms/{self.farm}/devices/{device}/history?from={start}&points=30",
            f"{url}/anomalies?{asked}",
            f"{url}/trends?{asked}",
        ]
        found = {route: await self.cloud.get(route, self.owner) for route in routes}
        found["raw"] = await self._pages(f"{url}/history?{asked}&raw=true&limit=500")
        for format_ in Format:
            answer = await self.cloud.http.get(
                f"/v1/farms/{self.farm}/reports/export?{asked}&format={format_.value}",
                headers=self.owner.headers,
            )
            found[format_] = list(readings_in(format_, answer.content).items())
        return {
            route.replace(device, "it"): _nameless(answer, device)
            for route, answer in found.items()
        }

    async def _pages(self, url: str) -> list[object]:
        items: list[object] = []
        cursor = ""
        while True:
            page = await self.cloud.get(f"{url}{cursor}", self.owner)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"


def _nameless(answer: Any, device: str) -> Any:
    """Return an answer without the device's name, its tuples as lists."""
    match answer:
        case dict():
            return {name: _nameless(value, device) for name, value in answer.items()}
        case list() | tuple():
            return [_nameless(value, device) for value in answer]
        case _:
            return "it" if answer == device else answer


def _about(answer: Any, *, within_ms: int) -> Any:
    """Return an answer whose numbers may differ by a rounding, and its mean times by a little."""
    match answer:
        case dict():
            return {name: _about(value, within_ms=within_ms) for name, value in answer.items()}
        case list():
            return [_about(value, within_ms=within_ms) for value in answer]
        case float():
            return pytest.approx(answer, rel=1e-9, abs=1e-9)
        case int() if answer > DAY_MS:
            return pytest.approx(answer, rel=0, abs=within_ms)
        case _:
            return answer


def recorded(chance: Random, now_ms: int) -> Readings:
    """Return readings of both quantities with holes, wild values and a drift."""
    found: Readings = {name: {} for name in AIR}
    hole = now_ms - chance.randrange(DAYS * DAY_MS)
    for due_ms in range(now_ms - DAYS * DAY_MS, now_ms, STEP_MS):
        t_ms = due_ms + chance.randrange(60_000)
        if abs(t_ms - hole) < chance.randrange(20) * HOUR_MS:
            continue
        for name, usual in zip(AIR, (28, 60), strict=True):
            value = usual + due_ms % DAY_MS / DAY_MS + chance.gauss(0, 0.5)
            found[name][t_ms] = round(value + 12 * (chance.random() < 0.01), 1)
    return found


def parted(chance: Random, readings: Readings) -> tuple[Readings, Readings]:
    """Return what comes in time, and what comes late: some of each day, and all of one."""
    lost_day = chance.choice([day_of(t_ms) for t_ms in readings[AIR[0]]])
    late = {
        name: {
            t_ms: value
            for t_ms, value in of_one.items()
            if day_of(t_ms) == lost_day or chance.random() < 0.2
        }
        for name, of_one in readings.items()
    }
    in_time = {
        name: {t_ms: value for t_ms, value in of_one.items() if t_ms not in late[name]}
        for name, of_one in readings.items()
    }
    return in_time, late


@pytest.fixture
async def house(cloud: Cloud) -> House:
    owner, farm = await cloud.sign_up()
    made = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    return House(cloud, owner, await cloud.staff(), farm, made["id"], ms(cloud.clock.now()))


@pytest.mark.parametrize("from_roll_ups", [False, True])
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.generate],  # a smaller house would be no easier to read
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
async def test_open_packed_and_late_readings_answer_the_same(
    house: House, from_roll_ups: bool, seed: int
) -> None:
    chance = Random(seed)
    readings = recorded(chance, house.now_ms)
    in_time, late = parted(chance, readings)
    devices = {form: await house.device(f"{form.replace(' ', '-')}-{uuid4()}") for form in FORMS}
    await house.add(devices["open"], in_time)
    await house.add(devices["open"], late)
    await house.add(devices["packed"], readings)
    await house.pack(devices["packed"])
    for form in ("late", "packed again"):
        await house.add(devices[form], in_time)
        await house.pack(devices[form])
        await house.add(devices[form], late)
    await house.pack(devices["packed again"])
    with pytest.MonkeyPatch.context() as patch:
        if from_roll_ups:
            patch.setattr(history, "READ_ONE_BY_ONE", 100)
        answers = {form: await house.answers(device) for form, device in devices.items()}
    # The mean time of a bucket is kept in whole milliseconds, and may be made of several.
    expected = _about(answers.pop("packed"), within_ms=2 if from_roll_ups else 0)
    for form, answer in answers.items():
        for route, said in answer.items():
            assert said == expected[route], f"{form}: {route}"
