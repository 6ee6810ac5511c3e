"""Reads the files that readings are given in."""

import csv
import io
import json
from datetime import datetime

from arro3.io import read_parquet

from tokkatot.cloud.telemetry.formats import COLUMNS, Format

Row = tuple[datetime, float, int]


def readings_in(format_: Format, file: bytes) -> dict[tuple[str, str], list[Row]]:
    """Return the readings of a file by device and quantity."""
    match format_:
        case Format.CSV:
            return _in_csv(file)
        case Format.JSON:
            return _in_json(file)
        case Format.PARQUET:
            return _in_parquet(file)


def _in_csv(file: bytes) -> dict[tuple[str, str], list[Row]]:
    reader = csv.DictReader(io.StringIO(file.decode(), newline=""))
    assert reader.fieldnames == list(COLUMNS)
    found: dict[tuple[str, str], list[Row]] = {}
    for row in reader:
        reading = (datetime.fromisoformat(row["t"]), float(row["value"]), int(row["quality"]))
        found.setdefault((row["device_id"], row["quantity"]), []).append(reading)
    return found


def _in_json(file: bytes) -> dict[tuple[str, str], list[Row]]:
    return {
        (series["device_id"], series["quantity"]): [
            (datetime.fromisoformat(t), value, quality) for t, value, quality in series["readings"]
        ]
        for series in json.loads(file)["series"]
    }


def _in_parquet(file: bytes) -> dict[tuple[str, str], list[Row]]:
    table = read_parquet(file).read_all()
    assert tuple(table.column_names) == COLUMNS
    columns = {name: table[name].to_pylist() for name in COLUMNS}
    found: dict[tuple[str, str], list[Row]] = {}
    for device, quantity, *reading in zip(
        *(columns[name] for name in ("device_id", "quantity", "t", "value", "quality")),
        strict=True,
    ):
        t, value, trust = reading
        found.setdefault((device, quantity), []).append((t, value, trust))
    return found
