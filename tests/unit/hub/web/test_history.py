"""The last day as the hub's page draws it."""

from tokkatot.hub.web.history import LEAST_GAP_MS, History
from tokkatot.wire.messages import ReadingRow

MINUTE_MS = 60_000


def gaps(*minutes: int) -> list[tuple[int, int]]:
    """Return the gaps, in minutes, between readings at these minutes."""
    history = History()
    for minute in minutes:
        history.add(ReadingRow(0, "r", "d", "temperature", minute * MINUTE_MS, 20.0, 0))
    (drawn,) = history.draw(["d"], [], start_ms=0, end_ms=10**9, points=100)
    return [(before // MINUTE_MS, after // MINUTE_MS) for before, after in drawn.gaps]


def test_no_line_leads_over_a_time_without_readings() -> None:
    assert gaps(1, 2, 3, 40, 41) == [(3, 40)]


def test_a_slow_sensor_and_a_short_pause_have_no_gaps() -> None:
    assert gaps(60, 120, 180, 300) == []
    assert gaps(1, 2, 3, 3 + LEAST_GAP_MS // MINUTE_MS) == []
    assert gaps(1) == []
