"""Numbers in lines of text, each held to what it can be."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite

Range = tuple[float, float]


class FileRefused(ValueError):
    """A file that can't be taken; the line is counted from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def numbered(lines: Iterable[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the cells of each row with the line that it ends on.

    Raises:
        FileRefused: where it is no such text at all.
    """
    reader = csv.reader(lines)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as refused:
        raise FileRefused(reader.line_num, str(refused)) from refused


def number(line: int, name: str, text: str) -> float:
    """Return what a cell holds.

    Raises:
        FileRefused: where it holds no finite number.
    """
    try:
        value = float(text)
    except ValueError as refused:
        raise FileRefused(line, f"{name} {text!r} is no number") from refused
    if not isfinite(value):
        raise FileRefused(line, f"{name} is {text}")
    return value


def checked(
    line: int, named: Iterable[tuple[str, str]], ranges: Mapping[str, Range]
) -> Iterator[tuple[str, float]]:
    """Yield the cells that have a range, as numbers.

    Raises:
        FileRefused: where one is no number, or none that can be.
    """
    for name, text in named:
        if name not in ranges:
            continue
        value = number(line, name, text)
        low, high = ranges[name]
        if not low <= value <= high:
            raise FileRefused(line, f"{name} {value:g} is not in {low:g} to {high:g}")
        yield name, value
