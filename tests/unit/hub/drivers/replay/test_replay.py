"""Recorded files: every cell becomes a reading or a refusal, once, whatever happens on the way."""

import asyncio
import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from tests.support.engine import HOUSE
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import SPECS, Quality, Quantity, Refusal
from tokkatot.hub.drivers.port import Observation, Presence, Sampled
from tokkatot.hub.drivers.replay.driver import ReplayDriver
from tokkatot.hub.drivers.replay.options import ReplayOptions, TimeColumn
from tokkatot.hub.drivers.replay.source import parse_time
from tokkatot.kit.clock import ManualClock

AIR = DeviceId(UUID(int=1))
START_MS = 1_577_836_800_000


def sensor(hardware_id: str = "air", device_id: DeviceId = AIR) -> DeviceConfig:
    return DeviceConfig(
        id=device_id,
        house_id=HOUSE,
        hardware_id=hardware_id,
        name="Air",
        role=DeviceRole.CLIMATE_SENSOR,
        interface=Interface.SENSOR,
    )


@dataclass
class Tray:
    """An inbox that keeps everything; after `stop_after` samples it takes no more."""

    items: list[Observation] = field(default_factory=list)
    stop_after: int | None = None
    full: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, item: Observation) -> bool:
        self.items.append(item)
        return True

    async def put(self, item: Observation) -> None:
        if self.stop_after is not None and len(self.samples()) >= self.stop_after:
            self.full.set()
            await asyncio.Event().wait()
        self.items.append(item)

    def samples(self) -> list[Sampled]:
        return [item for item in self.items if isinstance(item, Sampled)]


def options(folder: Path, text: str, *, speed: float = 0, **more: object) -> ReplayOptions:
    (folder / "file.csv").write_text(text)
    file: dict[str, object] = {
        "path": "file.csv",
        "device": "air",
        "columns": {"T": "temperature", "RH": "relative_humidity"},
        "start": "2020-01-01T00:00:00Z",
        "step_s": 3600,
    }
    given = {key: value for key, value in (file | more).items() if value is not None}
    return msgspec.convert({"files": [given], "speed": speed}, type=ReplayOptions)


def driver(
    folder: Path, chosen: ReplayOptions, positions: dict[str, int] | None = None
) -> ReplayDriver:
    made = ReplayDriver(
        "history",
        options=chosen,
        folder=folder,
        positions=positions or {},
        clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)),
    )
    made.adopt([sensor()])
    return made


async def replay(folder: Path, text: str, **more: object) -> list[Sampled]:
    tray = Tray()
    await driver(folder, options(folder, text, **more)).run(tray)  # type: ignore[arg-type]
    return tray.samples()


def readings(samples: Sequence[Sampled]) -> list[tuple[str, int, float]]:
    return [(one.quantity, one.t_ms, one.value) for item in samples for one in item.readings]


def refusals(samples: Sequence[Sampled]) -> list[tuple[str, int | None, str, Refusal]]:
    return [
        (one.quantity, one.t_ms, one.raw, one.reason) for item in samples for one in item.refused
    ]


async def test_rows_in_file_order_get_their_time_from_start_and_step(tmp_path: Path) -> None:
    samples = await replay(tmp_path, "n,T,RH\n0,20.5,60\n1,21,61.5\n")
    assert readings(samples) == [
        ("temperature", START_MS, 20.5),
        ("relative_humidity", START_MS, 60.0),
        ("temperature", START_MS + 3_600_000, 21.0),
        ("relative_humidity", START_MS + 3_600_000, 61.5),
    ]
    assert {one.quality for item in samples for one in item.readings} == {Quality.IMPORTED}
    assert samples[0].position is not None
    assert (samples[0].position.source, samples[0].position.value) == ("replay:file.csv", 2)
    assert not samples[0].live


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", Refusal.MISSING),
        ("NaN", Refusal.NOT_A_NUMBER),
        ("abc", Refusal.NOT_A_NUMBER),
        ("1_0", Refusal.NOT_A_NUMBER),
        ("inf", Refusal.INFINITE),
        ("-60", Refusal.OUT_OF_RANGE),
        ("85.01", Refusal.OUT_OF_RANGE),
    ],
)
async def test_a_cell_that_is_no_reading_is_refused_with_its_reason(
    tmp_path: Path, cell: str, reason: Refusal
) -> None:
    samples = await replay(tmp_path, f"T,RH\n{cell},60\n")
    assert readings(samples) == [("relative_humidity", START_MS, 60.0)]
    assert refusals(samples) == [("temperature", START_MS, cell, reason)]


async def test_a_cut_row_is_refused_cell_by_cell(tmp_path: Path) -> None:
    samples = await replay(tmp_path, "n,T,RH\n0,20,60\n1,21")
    assert refusals(samples) == [("relative_humidity", START_MS + 3_600_000, "", Refusal.MISSING)]
    assert len(readings(samples)) == 3


async def test_a_time_column_may_hold_spreadsheet_days(tmp_path: Path) -> None:
    time = {"column": "day", "format": "spreadsheet"}
    text = "day,T,RH\n43831,20,60\n43831.5,21,61\nsoon,22,62\n"
    samples = await replay(tmp_path, text, start=None, step_s=None, time=time)
    assert [t_ms for _, t_ms, _ in readings(samples)][::2] == [START_MS, START_MS + 43_200_000]
    assert refusals(samples) == [
        ("temperature", None, "22", Refusal.BAD_TIME),
        ("relative_humidity", None, "62", Refusal.BAD_TIME),
    ]


@pytest.mark.parametrize("absurd", ["1e305", "-1e305", "1e308", "inf", "nan"])
async def test_a_day_beyond_all_calendars_holds_up_no_line_behind_it(
    tmp_path: Path, absurd: str
) -> None:
    time = {"column": "day", "format": "spreadsheet"}
    assert parse_time(absurd, TimeColumn(column="day", format="spreadsheet")) is None
    text = f"day,T,RH\n43831,20,60\n{absurd},21,61\n43831.5,22,62\n"
    samples = await replay(tmp_path, text, start=None, step_s=None, time=time)
    assert [value for _, _, value in readings(samples)] == [20.0, 60.0, 22.0, 62.0]
    assert refusals(samples) == [
        ("temperature", None, "21", Refusal.BAD_TIME),
        ("relative_humidity", None, "61", Refusal.BAD_TIME),
    ]


@pytest.mark.parametrize(
    ("text", "t_ms"),
    [
        ("2020-01-01T00:00:00Z", START_MS),
        ("2020-01-01 00:00:00", START_MS),
        ("2020-01-01T07:00:00+07:00", START_MS),
        ("yesterday", None),
        ("1900-01-01", None),
        ("", None),
    ],
)
def test_a_time_column_may_hold_iso_times(text: str, t_ms: int | None) -> None:
    assert parse_time(text, TimeColumn(column="t", format="iso")) == t_ms


async def test_columns_may_go_to_several_devices(tmp_path: Path) -> None:
    other = DeviceId(UUID(int=2))
    chosen = options(
        tmp_path,
        "T,Tout\n20,10\n",
        columns={"T": "temperature", "Tout": {"device": "station", "quantity": "temperature"}},
    )
    tray = Tray()
    made = driver(tmp_path, chosen)
    made.adopt([sensor(), sensor("station", other)])
    await made.run(tray)
    assert [(one.device_id, one.value) for one in tray.samples()[0].readings] == [
        (AIR, 20.0),
        (other, 10.0),
    ]


async def test_it_waits_until_all_devices_of_a_file_are_there(tmp_path: Path) -> None:
    made = driver(tmp_path, options(tmp_path, "T,RH\n20,60\n"))
    made.adopt([])
    tray = Tray()
    running = asyncio.create_task(made.run(tray))
    await asyncio.sleep(0.01)
    assert tray.items == []
    made.adopt([sensor()])
    await running
    assert len(readings(tray.samples())) == 2
    assert next(item for item in tray.items if isinstance(item, Presence)).online


async def test_a_file_that_can_not_be_read_ends_without_harm_to_the_next_one(
    tmp_path: Path,
) -> None:
    good = options(tmp_path, "T,RH\n20,60\n")
    missing = msgspec.structs.replace(good.files[0], path="missing.csv")
    unmapped = msgspec.structs.replace(good.files[0], columns={"X": Quantity.TEMPERATURE})
    chosen = ReplayOptions(files=(missing, unmapped, *good.files))
    tray = Tray()
    await driver(tmp_path, chosen).run(tray)
    assert len(readings(tray.samples())) == 2


async def test_it_resumes_behind_the_committed_position_without_loss_or_double(
    tmp_path: Path,
) -> None:
    text = "T,RH\n" + "".join(f"{n % 40},{n % 100}\n" for n in range(1200))
    chosen = options(tmp_path, text)
    seen: list[Sampled] = []
    positions: dict[str, int] = {}
    for stop_after in (1, 2, 1, None):
        tray = Tray(stop_after=stop_after)
        running = asyncio.create_task(driver(tmp_path, chosen, positions).run(tray))
        async with asyncio.timeout(60):
            await (running if stop_after is None else tray.full.wait())
        running.cancel()
        seen.extend(tray.samples())
        assert seen[-1].position is not None
        positions[seen[-1].position.source] = seen[-1].position.value
    assert positions == {"replay:file.csv": 1200}
    counted = Counter((quantity, t_ms) for quantity, t_ms, _ in readings(seen))
    assert len(counted) == 2400
    assert set(counted.values()) == {1}


async def test_a_speed_lets_the_time_between_rows_pass(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    made = ReplayDriver(
        "history",
        options=options(tmp_path, "T,RH\n20,60\n21,61\n22,62\n", speed=3600.0),
        folder=tmp_path,
        positions={},
        clock=clock,
    )
    made.adopt([sensor()])
    await made.run(Tray())
    assert clock.monotonic() == pytest.approx(2.0)


@pytest.mark.parametrize(
    "change",
    [
        {"start": None},
        {"step_s": None},
        {"start": "2020-01-01T00:00:00"},
        {"time": {"column": "t", "format": "iso"}},
        {"device": None},
        {"columns": {}},
        {"columns": {"T": "happiness"}},
        {"sheet": 1},
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    with pytest.raises((msgspec.ValidationError, ValueError)):
        options(tmp_path, "T,RH\n", **change)  # type: ignore[arg-type]  # wrong on purpose


def expected(path: Path, columns: dict[str, str]) -> tuple[int, int]:
    """Count the cells of a file that are readings, and those that are not."""
    good = bad = 0
    with path.open(newline="") as text:
        rows = csv.reader(text)
        header = next(rows)
        for row in rows:
            for column, quantity in columns.items():
                index = header.index(column)
                cell = row[index] if index < len(row) else ""
                try:
                    value = float(cell)
                except ValueError:
                    value = math.nan
                spec = SPECS[Quantity(quantity)]
                known = spec.minimum <= value <= spec.maximum
                good, bad = (good + 1, bad) if known else (good, bad + 1)
    return good, bad


@pytest.mark.shared_data
@pytest.mark.parametrize("number", range(10))
async def test_the_records_of_a_real_greenhouse_add_up(shared_data: Path, number: int) -> None:
    folder = shared_data / "climate" / "igrow" / "liaoyang2_sensor"
    path = sorted(folder.glob("*.csv"))[number]
    columns = {
        "AirT": "temperature",
        "AirCO2": "co2",
        "AirRH": "relative_humidity",
        "AirPAR": "ppfd",
    }
    assert await taken(path, columns, start="2020-01-01T00:00:00Z", step_s=3600) == expected(
        path, columns
    )


@pytest.mark.shared_data
async def test_the_records_of_a_real_weather_station_add_up(shared_data: Path) -> None:
    columns = {
        "AbsHumOut": "absolute_humidity",
        "Iglob": "global_radiation",
        "Pyrgeo": "longwave_radiation",
        "Rain": "rainfall",
        "Rhout": "relative_humidity",
        "Tout": "temperature",
        "Winddir": "wind_direction",
        "Windsp": "air_speed",
    }
    path = shared_data / "climate" / "agc2" / "Weather.csv"
    time = {"column": "%time", "format": "spreadsheet"}
    assert await taken(path, columns, time=time) == expected(path, columns)


async def taken(path: Path, columns: dict[str, str], **clock: object) -> tuple[int, int]:
    file = {"path": path.name, "device": "air", "columns": columns, **clock}
    chosen = msgspec.convert({"files": [file]}, type=ReplayOptions)
    tray = Tray()
    await driver(path.parent, chosen).run(tray)
    samples = tray.samples()
    return len(readings(samples)), len(refusals(samples))
