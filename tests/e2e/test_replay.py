"""Real records of greenhouses and of a weather station come through five power cuts unharmed."""

import csv
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.history import drawn, iso, ms, pages
from tests.support.people import HouseView, Json, Person, eventually
from tests.support.readings import stored_of
from tests.support.site import HubProgram, Site
from tests.support.stack import Stack, until
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import SPECS, Quantity

pytestmark = [pytest.mark.timeout(900), pytest.mark.shared_data]

START = datetime(2020, 1, 1, tzinfo=UTC)
EARLIEST_MS = round(datetime(2019, 1, 1, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
GREENHOUSE_COLUMNS = {
    "AirT": Quantity.TEMPERATURE,
    "AirCO2": Quantity.CO2,
    "AirRH": Quantity.RELATIVE_HUMIDITY,
    "AirPAR": Quantity.PPFD,
}
WEATHER_COLUMNS = {
    "AbsHumOut": Quantity.ABSOLUTE_HUMIDITY,
    "Iglob": Quantity.GLOBAL_RADIATION,
    "PARout": Quantity.PPFD,
    "Pyrgeo": Quantity.LONGWAVE_RADIATION,
    "RadSum": Quantity.RADIATION_SUM,
    "Rain": Quantity.RAINFALL,
    "Rhout": Quantity.RELATIVE_HUMIDITY,
    "Tout": Quantity.TEMPERATURE,
    "Winddir": Quantity.WIND_DIRECTION,
    "Windsp": Quantity.AIR_SPEED,
}
KILLED_AT = (0.005, 0.02, 0.2, 0.5, 0.85)
"""The shares of all values at whose arrival the hub loses its power.

At the first two it still reads the files, at the others it sends what its journal holds.
"""


@dataclass
class Record:
    """One file as this test reads it, with code of its own."""

    path: Path
    hardware_id: str
    columns: dict[str, Quantity]
    time_column: str | None
    cells: int = 0
    valid: dict[Quantity, list[tuple[int, float]]] = field(default_factory=dict)
    refused: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    """Quantity and time of each value that is none, counted."""

    def read(self) -> None:
        """Sort every cell of every row below the header into valid and refused."""
        with self.path.open(newline="") as text:
            rows = csv.reader(text)
            header = next(rows)
            for number, row in enumerate(rows):
                cells = dict(zip(header, row, strict=False))
                t_ms = self._time(number, cells)
                for column, quantity in self.columns.items():
                    self.cells += 1
                    value = _number(cells.get(column, ""))
                    spec = SPECS[quantity]
                    if t_ms is None or value is None or not spec.minimum <= value <= spec.maximum:
                        self.refused[quantity, t_ms] += 1
                    else:
                        self.valid.setdefault(quantity, []).append((t_ms, value))

    def _time(self, number: int, cells: dict[str, str]) -> int | None:
        if self.time_column is None:
            return round(START.timestamp() * 1000) + number * HOUR_MS
        days = _number(cells.get(self.time_column, ""))
        # Day 25569 of a spreadsheet is 1970-01-01.
        return None if days is None else round((days - 25569) * DAY_MS)

    def config(self) -> Json:
        """Return the file as the hub's configuration names it."""
        clock: Json = (
            {"start": START, "step_s": 3600}
            if self.time_column is None
            else {"time": {"column": self.time_column, "format": "spreadsheet"}}
        )
        return {
            "path": str(self.path),
            "device": self.hardware_id,
            "columns": {name: str(quantity) for name, quantity in self.columns.items()},
            **clock,
        }


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _records(data: Path) -> list[Record]:
    greenhouses = [
        Record(path, f"LY-{number}", GREENHOUSE_COLUMNS, None)
        for number, path in enumerate(sorted((data / "igrow" / "liaoyang2_sensor").glob("*.csv")))
    ]
    weather = Record(data / "agc2" / "Weather.csv", "AGC2", WEATHER_COLUMNS, "%time")
    return [*greenhouses, weather]


@pytest.fixture(scope="module")
def records(shared_data: Path) -> list[Record]:
    """The ten greenhouses and the weather station."""
    found = _records((shared_data / "climate").resolve())
    for record in found:
        record.read()
    return found


async def _lay_out(
    staff: Person, folder: Path, records: list[Record]
) -> tuple[HouseView, dict[str, str], HubProgram]:
    site = await Site.found(staff, "Records")
    house_id = await site.add_house("Records", kind="greenhouse")
    login = await site.add_hub("Replay", house_id)
    devices = {
        record.hardware_id: await site.add_device(
            house_id,
            login,
            hardware_id=record.hardware_id,
            role=DeviceRole.WEATHER_STATION if record.time_column else DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=tuple(record.columns.values()),
            address={"driver": "records"},
        )
        for record in records
    }
    hub = HubProgram(
        folder,
        login,
        drivers={"records": {"kind": "replay", "files": [record.config() for record in records]}},
    )
    return site.house(house_id), devices, hub


async def test_every_valid_value_arrives_once_and_every_invalid_one_is_listed(
    stack: Stack, staff: Person, records: list[Record], tmp_path: Path
) -> None:
    valid = sum(len(series) for record in records for series in record.valid.values())
    refused = sum(record.refused.total() for record in records)
    assert valid + refused == sum(record.cells for record in records)
    house, devices, hub = await _lay_out(staff, tmp_path / "hub", records)

    hub.start()
    try:
        for share in (*KILLED_AT, 1.0):
            _until_stored(stack, devices, share * valid)
            if share < 1.0:
                hub.kill()
                hub.start()

        async def all_listed() -> bool:
            page = await house.person.get(f"{house.path}/readings/refused", limit=1)
            return int(page["total"]) >= refused

        await eventually("all refusals are listed", all_listed)
    finally:
        hub.stop()

    for record in records:
        device_id = devices[record.hardware_id]
        for quantity, expected in record.valid.items():
            found = await drawn(house, device_id, quantity, sorted(expected))
            assert found == sorted(expected), f"{record.hardware_id} {quantity}"

    # The same, page by page, of one series.
    weather = records[-1]
    only: dict[str, str] = {
        "raw": "true",
        "device": devices[weather.hardware_id],
        "quantity": Quantity.TEMPERATURE,
        "from": iso(EARLIEST_MS),
    }
    paged = [(ms(item["t"]), item["value"]) async for item in pages(house, "history", **only)]
    assert paged == sorted(weather.valid[Quantity.TEMPERATURE])

    names = {device_id: hardware_id for hardware_id, device_id in devices.items()}
    listed = Counter(
        [
            (names[item["device_id"]], item["quantity"], ms(item["t"]))
            async for item in pages(house, "readings/refused")
        ]
    )
    assert listed == Counter(
        {
            (record.hardware_id, str(quantity), t_ms): count
            for record in records
            for (quantity, t_ms), count in record.refused.items()
        }
    )


def _until_stored(stack: Stack, devices: dict[str, str], count: float) -> None:
    until(f"{count:.0f} values are stored", lambda: _stored(stack, devices) >= count, within_s=300)


def _stored(stack: Stack, devices: dict[str, str]) -> int:
    with psycopg.connect(stack.database_url) as connection:
        return len(stored_of(connection, list(devices.values())))
