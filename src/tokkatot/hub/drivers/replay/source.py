"""Rows of a recorded CSV file, each as readings and as what was refused."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, Quantity, Refusal, check_value
from tokkatot.domain.readings import Reading, RefusedReading
from tokkatot.hub.drivers.replay.options import RecordedFile, TimeColumn
from tokkatot.kit.clock import to_ms

SPREADSHEET_EPOCH_DAYS = 25_569
"""Day number of 1970-01-01, where day 0 is 1899-12-30."""

DAY_MS = 86_400_000
RAW_LENGTH = 64
_LATEST_MS = 253_402_300_800_000
"""The year 10000: no time beyond it is meant."""
_MOST_DAYS = 1e7
"""So many days from their epoch can still be counted in milliseconds."""


class FileRefused(Exception):
    """A recorded file that can't be read as it was mapped; `reason` says why, for people."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the file: its number (from 1, the header not counted), time and cells."""

    number: int
    t_ms: int | None
    readings: tuple[Reading, ...]
    refused: tuple[RefusedReading, ...]


class Recording:
    """One file with its mapping; it is read line by line and never as a whole."""

    def __init__(self, file: RecordedFile, folder: Path) -> None:
        self.path = folder / file.path
        self.source = f"replay:{file.path}"
        self.targets = file.targets()
        self.hardware_ids = frozenset(device for device, _ in self.targets.values())
        self._file = file

    def lines(self, devices: Mapping[str, DeviceId], *, after: int) -> Iterator[Line]:
        """Yield the lines behind the first `after` ones.

        A line that is cut, even to nothing, is a row all the same: what is missing is refused, so
        that what was taken and what was refused add up to the file.

        Raises:
            FileRefused: when the file can't be opened or lacks a mapped column.
        """
        try:
            with self.path.open(newline="", encoding="utf-8-sig", errors="replace") as text:
                rows = csv.reader(text, delimiter=self._file.delimiter)
                header = [name.strip() for name in next(rows, [])]
                cells = [
                    (self._index(header, column), devices[hardware_id], quantity)
                    for column, (hardware_id, quantity) in self.targets.items()
                ]
                time_index = (
                    None if self._file.time is None else self._index(header, self._file.time.column)
                )
                for number, row in enumerate(rows, start=1):
                    if number > after:
                        yield self._line(number, row, cells, time_index)
        except OSError as error:
            raise FileRefused(self.path, f"can't be read: {error.strerror}") from error
        except csv.Error as error:
            raise FileRefused(self.path, f"is no CSV: {error}") from error

    def _line(
        self,
        number: int,
        row: list[str],
        cells: list[tuple[int, DeviceId, Quantity]],
        time_index: int | None,
    ) -> Line:
        t_ms = self._t_ms(number, row, time_index)
        readings: list[Reading] = []
        refused: list[RefusedReading] = []
        for index, device_id, quantity in cells:
            raw = row[index].strip() if index < len(row) else ""
            value = parse_number(raw)
            reason = check_value(quantity, value)
            if reason is None and t_ms is None:
                reason = Refusal.BAD_TIME
            if reason is None and t_ms is not None and isinstance(value, float):
                readings.append(
                    Reading(
                        device_id=device_id,
                        quantity=quantity,
                        t_ms=t_ms,
                        value=value,
                        quality=Quality.IMPORTED,
                    )
                )
            else:
                refused.append(
                    RefusedReading(
                        device_id=device_id,
                        quantity=quantity,
                        t_ms=t_ms,
                        raw=raw[:RAW_LENGTH],
                        reason=reason or Refusal.NOT_A_NUMBER,
                    )
                )
        return Line(number=number, t_ms=t_ms, readings=tuple(readings), refused=tuple(refused))

    def _t_ms(self, number: int, row: list[str], time_index: int | None) -> int | None:
        if time_index is not None and self._file.time is not None:
            return parse_time(row[time_index] if time_index < len(row) else "", self._file.time)
        assert self._file.start is not None, "refused when it was read"
        assert self._file.step_s is not None, "refused when it was read"
        return to_ms(self._file.start) + round((number - 1) * self._file.step_s * 1000)

    def _index(self, header: list[str], column: str) -> int:
        try:
            return header.index(column)
        except ValueError:
            raise FileRefused(
                self.path, f"has no column {column!r}; it has {', '.join(header)}"
            ) from None


def parse_number(raw: str) -> float | str | None:
    """Return the number in a cell, None where it is empty, the text where it is something else."""
    if not raw:
        return None
    if "_" in raw:
        return raw  # float() would read 1_000 as a number; no spreadsheet writes one so
    try:
        return float(raw)
    except ValueError:
        return raw


def parse_time(raw: str, column: TimeColumn) -> int | None:
    """Return a cell as UTC milliseconds, or None where it is no time."""
    text = raw.strip()
    if column.format == "spreadsheet":
        days = parse_number(text)
        if not isinstance(days, float) or not math.isfinite(days) or abs(days) > _MOST_DAYS:
            return None
        t_ms = round((days - SPREADSHEET_EPOCH_DAYS) * DAY_MS)
    else:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return None
        t_ms = to_ms(instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC))
    return t_ms if 0 <= t_ms < _LATEST_MS else None
