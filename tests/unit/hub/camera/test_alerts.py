"""What is told of photographs, once and not again and again."""

import msgspec
import numpy as np
import pytest

from tests.support.droppings import HOUSE, detection
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.droppings import HOUR_MS
from tokkatot.hub.camera.alerts import (
    MAX_SIGHTINGS,
    OVER_AFTER_MS,
    TOLD_AGAIN_AFTER_MS,
    DroppingAlerts,
)
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import AlertRow, decode_row, encode

T = 1_700_000_000_000
HALF_HOUR = HOUR_MS // 2


@pytest.fixture
def alerts() -> DroppingAlerts:
    return DroppingAlerts(new_id=IdSource(SystemClock()).new)


def said(rows: list[AlertRow]) -> list[tuple[str, str, int]]:
    return [(row.type, row.change, row.times) for row in rows]


def test_a_single_photograph_that_warns_is_told_at_once_with_its_picture(
    alerts: DroppingAlerts,
) -> None:
    [row] = alerts.take(detection(7), t_ms=T)

    assert said([row]) == [("dropping_suspicious", "raised", 1)]
    assert (row.house, row.severity, row.name) == (str(HOUSE), "warning", "coccidiosis")
    assert row.about == str(detection(7).id)
    assert (row.actual, row.threshold) == (93.0, 80.0)
    assert decode_row(msgspec.Raw(encode(row))) == row


@pytest.mark.parametrize(
    ("disease", "confidence"), [("healthy", 0.99), ("coccidiosis", 0.79), ("unknown", 0.9)]
)
def test_what_does_not_warn_is_not_told(
    alerts: DroppingAlerts, disease: str, confidence: float
) -> None:
    assert alerts.take(detection(1, disease, confidence), t_ms=T) == []


def test_the_same_disease_is_told_again_after_hours_and_another_at_once(
    alerts: DroppingAlerts,
) -> None:
    alerts.take(detection(1), t_ms=T)
    soon = alerts.take(detection(2), t_ms=T + HALF_HOUR)
    other = alerts.take(detection(3, "newcastle"), t_ms=T + 2 * HALF_HOUR)
    later = alerts.take(detection(4, "newcastle"), t_ms=T + 2 * HALF_HOUR + TOLD_AGAIN_AFTER_MS)

    assert soon == []
    assert said(other) == [("dropping_suspicious", "raised_again", 2)]
    assert said(later) == [("dropping_suspicious", "raised_again", 3)]


def test_two_diseases_in_turn_are_told_once_each_and_again_after_hours(
    alerts: DroppingAlerts,
) -> None:
    rows = [
        said(alerts.take(detection(n, disease, fingerprint="0" * 16), t_ms=T + n * HALF_HOUR))
        for n, disease in enumerate(("salmonella", "newcastle") * 6 + ("salmonella",))
    ]

    assert [some for some in rows if some] == [
        [("dropping_suspicious", "raised", 1)],
        [("dropping_suspicious", "raised_again", 2)],
        [("dropping_suspicious", "raised_again", 3)],
    ]
    assert rows[-1] != []


def test_what_an_earlier_version_kept_is_known(alerts: DroppingAlerts) -> None:
    alerts.take(detection(1), t_ms=T)
    kept = msgspec.json.decode(alerts.encode())
    standing = kept["houses"][str(HOUSE)]["open"]["dropping_suspicious"]
    standing[3] = T
    after = DroppingAlerts(new_id=IdSource(SystemClock()).new)
    after.recall(msgspec.json.encode(kept))

    assert after.take(detection(2), t_ms=T + HALF_HOUR) == []
    again = after.take(detection(3), t_ms=T + TOLD_AGAIN_AFTER_MS)
    assert said(again) == [("dropping_suspicious", "raised_again", 2)]


def test_four_different_photographs_that_agree_raise_the_alarm_of_a_flock(
    alerts: DroppingAlerts,
) -> None:
    rows = [alerts.take(detection(n), t_ms=T + n * HALF_HOUR) for n in range(4)]

    assert [said(some) for some in rows] == [
        [("dropping_suspicious", "raised", 1)],
        [],
        [],
        [("flock_suspicious", "raised", 1)],
    ]
    [flock] = rows[3]
    assert (flock.severity, flock.actual, flock.about) == (
        "critical",
        4.0,
        str(detection(3).id),
    )


def test_a_camera_that_stares_at_one_dropping_raises_no_alarm_of_a_flock(
    alerts: DroppingAlerts,
) -> None:
    told = [
        row
        for n in range(12)
        for row in alerts.take(detection(n, fingerprint="00000000ffffffff"), t_ms=T + n * HALF_HOUR)
    ]

    assert {row.type for row in told} == {AlertType.DROPPING_SUSPICIOUS}


def test_all_that_eight_cameras_see_every_three_minutes_counts(alerts: DroppingAlerts) -> None:
    for n in range(3):
        alerts.take(detection(n), t_ms=T + n)
    for n in range(8 * 120):
        alerts.take(detection(n, "healthy", fingerprint="f" * 16), t_ms=T + 10 + n)
    rows = alerts.take(detection(3), t_ms=T + 10_000)

    assert said(rows) == [("flock_suspicious", "raised", 1)]


def test_no_more_is_kept_than_so_many(alerts: DroppingAlerts) -> None:
    chance = np.random.default_rng(1)
    for n in range(MAX_SIGHTINGS + 9):
        mark = chance.bytes(8).hex()
        alerts.take(detection(n, "healthy", fingerprint=mark), t_ms=T + n)

    kept = msgspec.json.decode(alerts.encode())["houses"][str(HOUSE)]["seen"]
    assert [one[0] for one in kept[:1]] == [T + 9]
    assert len(kept) == MAX_SIGHTINGS


def test_what_changes_little_by_little_is_something_else_one_day(alerts: DroppingAlerts) -> None:
    rows = [
        row
        for n in range(12)
        for row in alerts.take(
            detection(n, fingerprint=f"{2 ** (5 * n) - 1:016x}"), t_ms=T + n * HALF_HOUR
        )
    ]

    assert AlertType.FLOCK_SUSPICIOUS in {row.type for row in rows}


def test_photographs_that_cannot_be_judged_count_neither_for_nor_against(
    alerts: DroppingAlerts,
) -> None:
    for n in range(10):
        alerts.take(detection(n, "unknown", 0.4), t_ms=T + n)
    rows = [row for n in range(4) for row in alerts.take(detection(n), t_ms=T + n * 1000)]

    assert [row.type for row in rows][-1] == AlertType.FLOCK_SUSPICIOUS


def test_an_alert_is_over_a_day_after_the_last_photograph_that_spoke_for_it(
    alerts: DroppingAlerts,
) -> None:
    [raised] = alerts.take(detection(1), t_ms=T)
    alerts.take(detection(2), t_ms=T + HALF_HOUR)

    assert alerts.over(t_ms=T + HALF_HOUR + OVER_AFTER_MS - 1) == []
    [cleared] = alerts.over(t_ms=T + HALF_HOUR + OVER_AFTER_MS)
    assert (cleared.alert, cleared.change) == (raised.alert, "cleared")
    assert alerts.over(t_ms=T + 3 * OVER_AFTER_MS) == []


FIVE_YEARS = 5 * 365 * 24 * HOUR_MS


def test_an_alert_from_under_a_clock_ahead_is_over_a_day_after_the_clock_was_set_right(
    alerts: DroppingAlerts,
) -> None:
    [raised] = alerts.take(detection(1), t_ms=T + FIVE_YEARS)
    after = DroppingAlerts(new_id=IdSource(SystemClock()).new)
    after.recall(alerts.encode())

    assert after.over(t_ms=T) == []
    [cleared] = after.over(t_ms=T + OVER_AFTER_MS + HOUR_MS)
    assert (cleared.alert, cleared.change) == (raised.alert, "cleared")


def test_what_was_told_under_a_clock_ahead_is_told_again_after_hours(
    alerts: DroppingAlerts,
) -> None:
    alerts.take(detection(1), t_ms=T + FIVE_YEARS)

    assert alerts.take(detection(2), t_ms=T) == []
    again = alerts.take(detection(3), t_ms=T + TOLD_AGAIN_AFTER_MS + HOUR_MS)
    assert said(again) == [("dropping_suspicious", "raised_again", 2)]


def test_what_was_seen_under_a_clock_ahead_speaks_for_no_flock(alerts: DroppingAlerts) -> None:
    for n in range(3):
        alerts.take(detection(n), t_ms=T + HOUR_MS)

    assert alerts.take(detection(3), t_ms=T) == []
    assert alerts.take(detection(4), t_ms=T + HOUR_MS + 1) == []


def test_the_next_run_knows_what_was_told_and_seen(alerts: DroppingAlerts) -> None:
    for n in range(3):
        alerts.take(detection(n), t_ms=T + n * HALF_HOUR)
    after = DroppingAlerts(new_id=IdSource(SystemClock()).new)
    after.recall(alerts.encode())

    rows = after.take(detection(3), t_ms=T + 3 * HALF_HOUR)
    assert said(rows) == [("flock_suspicious", "raised", 1)]


def test_what_was_kept_and_cannot_be_read_is_as_if_nothing_was(alerts: DroppingAlerts) -> None:
    alerts.recall(b'{"houses": 3')
    assert said(alerts.take(detection(1), t_ms=T)) == [("dropping_suspicious", "raised", 1)]
