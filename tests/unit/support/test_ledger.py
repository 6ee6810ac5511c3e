"""The checkers of the proof find whatever is lost, doubled, changed or stale."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.ledger import Given, Moved, Timed, differences, miscounted, misdone, named
from tests.support.produced import QUANTITIES, WRONG, Produced
from tokkatot.domain.quantities import SPECS, Quantity, check_value

FILE = Produced(hardware_id="A", seed=7, lines=500, first_ms=1_700_000_000_000)
SERIES = list(FILE.kept(Quantity.CO2))
AT_MS = 1_000_000

DONE = Given(id="1", device="fan", level=37.5, state="completed", requested_ms=AT_MS, ends=1)
MOVE = Moved(device="fan", level=37.5, t_ms=AT_MS + 500)


def test_what_is_whole_shows_no_difference() -> None:
    assert list(differences(SERIES, SERIES)) == []
    assert list(miscounted(FILE.refused(), FILE.refused())) == []
    assert list(misdone([DONE], [MOVE], 100.0)) == []


@pytest.mark.parametrize("place", [0, 1, len(SERIES) // 2, len(SERIES) - 1])
def test_a_lost_a_doubled_and_a_changed_reading_is_named(place: int) -> None:
    t_ms, value = SERIES[place]

    def with_instead(*rows: Timed) -> list[str]:
        found = [*SERIES[:place], *rows, *SERIES[place + 1 :]]
        return list(differences(SERIES, sorted(found)))

    assert with_instead() == [f"lost: {(t_ms, value)}"]
    assert with_instead((t_ms, value), (t_ms, value)) == [
        f"twice, or never produced: {(t_ms, value)}"
    ]
    assert with_instead((t_ms, value + 1)) == [
        f"changed: {(t_ms, value)} became {(t_ms, value + 1)}"
    ]
    assert len(with_instead((t_ms + 1, value))) == 2


def test_a_refusal_too_few_or_too_many_is_named() -> None:
    refused = FILE.refused()
    one = next(iter(refused))
    assert len(list(miscounted(refused, refused - Counter([one])))) == 1
    assert len(list(miscounted(refused, refused + Counter([one])))) == 1


def test_of_many_differences_the_first_are_named() -> None:
    first = named(differences(SERIES, []))
    assert first == [f"lost: {row}" for row in SERIES[:10]]


@pytest.mark.parametrize(
    ("order", "moves", "word"),
    [
        (DONE, [MOVE, replace(MOVE, t_ms=AT_MS + 9_000)], "executed 2 times"),
        (DONE, [], "nothing moved"),
        (replace(DONE, state="cancelled"), [MOVE], "although it was cancelled"),
        (replace(DONE, state="expired"), [MOVE], "although it was expired"),
        (replace(DONE, state="refused"), [MOVE], "although it was refused"),
        (DONE, [replace(MOVE, t_ms=AT_MS + 41_000)], "stale"),
        (replace(DONE, state="sent"), [], "without an end"),
        (replace(DONE, ends=2), [MOVE], "ended 2 times"),
        (replace(DONE, ends=0), [MOVE], "ended 0 times"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_order_that_went_wrong_is_named(order: Given, moves: list[Moved], word: str) -> None:
    assert any(word in fault for fault in misdone([order], moves, 100.0))


def test_a_move_that_nobody_asked_for_is_named_and_rest_is_not() -> None:
    assert list(misdone([DONE], [MOVE, replace(MOVE, level=100.0)], 100.0)) == []
    (fault,) = misdone([DONE], [MOVE, replace(MOVE, level=12.0)], 100.0)
    assert "nobody asked" in fault


def test_a_hold_that_goes_on_after_a_rest_was_done_once() -> None:
    rest = replace(MOVE, level=100.0, t_ms=AT_MS + 4_000)
    back = replace(MOVE, t_ms=AT_MS + 9_000)
    other = replace(DONE, id="2", level=12.0, requested_ms=AT_MS + 5_000)
    between = replace(MOVE, level=12.0, t_ms=AT_MS + 6_000)
    assert list(misdone([DONE], [MOVE, rest, back], 100.0)) == []
    assert list(misdone([DONE], [MOVE, back], 100.0)) != []
    assert list(misdone([DONE, other], [MOVE, rest, between, back], 100.0)) != []
    late = replace(back, t_ms=AT_MS + 25_000)
    assert list(misdone([DONE], [MOVE, rest, late], 100.0)) != []


def test_a_file_holds_what_it_tells_and_wrong_cells_among_good_ones(tmp_path: Path) -> None:
    FILE.write(tmp_path / "file.csv")
    header, *rows = (tmp_path / "file.csv").read_text().splitlines()
    column = header.split(",").index(Quantity.CO2)
    cells = [row.split(",")[column] for row in rows]
    assert [float(cell) for cell in cells if cell not in WRONG] == [value for _, value in SERIES]
    kept = sum(len(list(FILE.kept(quantity))) for quantity in QUANTITIES)
    assert kept + FILE.refused().total() == FILE.cells
    assert FILE.refused().total() > 0
    assert [v for _, v in SERIES if check_value(Quantity.CO2, v) is not None] == []
    assert max(value for _, value in SERIES) > SPECS[Quantity.CO2].maximum / 2
