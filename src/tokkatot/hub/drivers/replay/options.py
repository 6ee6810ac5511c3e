"""What hub.toml says about recorded files."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tokkatot.domain.quantities import Quantity

Text = Annotated[str, Meta(min_length=1, max_length=255)]


class TimeColumn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The column that holds a row's time.

    `spreadsheet` is a day number as spreadsheets count (0 is 1899-12-30), `iso` is ISO 8601; both
    are UTC unless an ISO time says otherwise.
    """

    column: Text
    format: Literal["spreadsheet", "iso"]


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a column goes: to a quantity of a device, named by its hardware id."""

    device: Text
    quantity: Quantity


class RecordedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One CSV file with a header row.

    Its time is either `start` and `step_s` in the order of the file, or a `time` column. A column
    that maps to a bare quantity belongs to `device`.
    """

    path: Text
    columns: Annotated[dict[Text, Quantity | Target], Meta(min_length=1)]
    device: Text | None = None
    start: datetime | None = None
    step_s: Annotated[float, Meta(gt=0)] | None = None
    time: TimeColumn | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","

    def __post_init__(self) -> None:
        by_order = self.start is not None and self.step_s is not None
        if by_order == (self.time is not None) or (self.start is None) != (self.step_s is None):
            raise ValueError(f"{self.path}: give start and step_s together, or time, and not both")
        if self.start is not None and self.start.tzinfo is None:
            raise ValueError(f"{self.path}: start needs its zone, such as 2020-01-01T00:00:00Z")
        bare = [name for name, target in self.columns.items() if isinstance(target, str)]
        if bare and self.device is None:
            raise ValueError(f"{self.path}: column {bare[0]!r} belongs to no device")

    def targets(self) -> dict[str, tuple[str, Quantity]]:
        """Return hardware id and quantity of every mapped column."""
        targets: dict[str, tuple[str, Quantity]] = {}
        for column, target in self.columns.items():
            if isinstance(target, Target):
                targets[column] = (target.device, target.quantity)
            else:
                assert self.device is not None, "refused when it was read"
                targets[column] = (self.device, target)
        return targets


class ReplayOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recorded files, one after the other; a `speed` of 0 is as fast as it goes."""

    files: Annotated[tuple[RecordedFile, ...], Meta(min_length=1)]
    speed: Annotated[float, Meta(ge=0)] = 0.0
