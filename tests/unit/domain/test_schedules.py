"""Schedules and rules as people write them, refused clearly where they make no sense."""

import msgspec
import pytest

from tokkatot.domain.desired import DesiredDocument, RelayLimits
from tokkatot.domain.flocks import Flock
from tokkatot.domain.places import Place
from tokkatot.domain.rules import Rule, devices_of_rule
from tokkatot.domain.schedules import Schedule, devices_of

A, B, H, S = (f"00000000-0000-7000-8000-00000000000{digit}" for digit in "1234")
DAILY = {"kind": "daily", "times": ["06:00:00"]}
CONDITION: dict[str, object] = {"quantity": "temperature", "comparison": "above", "threshold": 30}


def schedule(does: dict[str, object], **more: object) -> dict[str, object]:
    return {"id": S, "house_id": H, "name": "breakfast", "does": does, **more}


def timed(**more: object) -> dict[str, object]:
    return {"kind": "time_based", "start": DAILY, "devices": [A], "duration_s": 60, **more}


def times(**more: object) -> dict[str, object]:
    return timed(start=more)


def lighting(*points: dict[str, int]) -> dict[str, object]:
    return {"kind": "light_curve", "start": "06:00:00", "hours": list(points), "devices": [A]}


def warmth() -> dict[str, object]:
    return {
        "kind": "temperature_curve",
        "minimum_c": [{"day": 0, "value": 32}],
        "maximum_c": [{"day": 0, "value": 34}],
    }


GOOD: list[dict[str, object]] = [
    timed(),
    timed(duration_s=None, end={"kind": "sun", "event": "sunset", "offset_s": -600}),
    times(kind="cron", expression="*/5 6-18 * * mon"),
    {"kind": "duration_based", "run_s": 480, "rest_s": 13920, "repeat": 3}
    | {"start": DAILY}
    | {"devices": [A]},
    {"kind": "duration_based", "run_s": 30, "rest_s": 270, "devices": [A, B]},
    {"kind": "condition_based", "conditions": [CONDITION], "devices": [A], "combine": "any"},
    {"kind": "sequence", "start": DAILY, "steps": [{"device_id": A, "run_s": 5}]},
    lighting({"day": 0, "value": 23}),
    {"kind": "ventilation_curve", "m3_h_kg": [{"day": 0, "value": 0.7}], "capacity_m3_h": 1000}
    | {"devices": [A]},
    warmth(),
]


@pytest.mark.parametrize("does", GOOD)
def test_what_makes_sense_is_taken_and_comes_back_the_same(does: dict[str, object]) -> None:
    taken = msgspec.convert(schedule(does), Schedule)
    assert msgspec.json.decode(msgspec.json.encode(taken), type=Schedule) == taken
    assert len(devices_of(taken)) == len(set(devices_of(taken)))


HOT: dict[str, object] = CONDITION | {"threshold": 99}
STEPS: list[object] = [{"device_id": A, "run_s": 86400}] * 2

BAD: list[tuple[dict[str, object], str]] = [
    (timed(end=DAILY), "either an end or a duration"),
    (timed(duration_s=None), "either an end or a duration"),
    (timed(duration_s=0), "duration_s"),
    (timed(duration_s=90_000), "duration_s"),
    (timed(devices=[]), "devices"),
    (timed(devices=[A, A]), "twice"),
    (timed(level=101), "level"),
    (times(kind="cron", expression="0 6 * *"), "five fields"),
    (times(kind="cron", expression="0 6 * * * *"), "five fields"),
    (times(kind="cron", expression="61 6 * * *"), "no cron expression"),
    (times(kind="cron", expression="0 0 30 2 *"), "no cron expression"),
    (times(kind="daily", times=[]), "times"),
    (times(kind="daily", times=["06:00:00", "06:00:00"]), "times"),
    (times(kind="daily", times=["06:00:00Z"]), "zone"),
    (times(kind="daily", times=["06:00:00"], days=[]), "days"),
    (times(kind="sun", event="sunset", offset_s=30_000), "offset_s"),
    (times(kind="sun", event="noon"), "Invalid enum value"),
    ({"kind": "duration_based", "run_s": 5, "rest_s": 5, "repeat": 3, "devices": [A]}, "start"),
    ({"kind": "duration_based", "run_s": 5, "rest_s": 5, "start": DAILY, "devices": [A]}, "start"),
    ({"kind": "duration_based", "run_s": 0, "rest_s": 5, "devices": [A]}, "run_s"),
    ({"kind": "condition_based", "conditions": [], "devices": [A]}, "conditions"),
    (
        {"kind": "condition_based", "conditions": [HOT], "devices": [A]},
        "threshold of temperature",
    ),
    ({"kind": "sequence", "start": DAILY, "steps": []}, "steps"),
    (
        {"kind": "sequence", "start": DAILY, "steps": STEPS},
        "all steps together",
    ),
    (
        lighting({"day": 3, "value": 20}, {"day": 3, "value": 19}),
        "must rise",
    ),
    (
        lighting({"day": 0, "value": 25}),
        "a value of hours",
    ),
]


@pytest.mark.parametrize(("does", "says"), BAD)
def test_what_makes_no_sense_is_refused_and_says_why(does: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(schedule(does), Schedule)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"name": ""}, "name"),
        ({"priority": 101}, "priority"),
        ({"version": 0}, "version"),
        ({"valid_from": "2026-02-01", "valid_until": "2026-01-31"}, "valid_until"),
    ],
)
def test_the_frame_of_a_schedule_is_checked_too(more: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(schedule(timed(), **more), Schedule)


def rule(**more: object) -> dict[str, object]:
    return {"id": S, "name": "rule", **more}


TWINS = {"kind": "lead_lag", "quantity": "temperature", "comparison": "above", "devices": [A, B]}
BAND = {"kind": "proportional", "quantity": "temperature", "devices": [A]}
STAGES = {"kind": "staged", "quantity": "temperature", "comparison": "above"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (rule(kind="threshold", when=CONDITION, devices=[]), "devices"),
        (rule(kind="threshold", when=CONDITION | {"hysteresis": -1}, devices=[A]), "hysteresis"),
        (rule(**TWINS, lead=25, lag=24), "further out"),
        (rule(**TWINS | {"devices": [A]}, lead=24, lag=25), "twins"),
        (rule(**BAND, from_value=25, to_value=24), "below to_value"),
        (rule(**STAGES, stages=[]), "stages"),
        (
            rule(
                **STAGES,
                stages=[{"threshold": 25, "devices": [A]}, {"threshold": 24, "devices": [A]}],
            ),
            "further out",
        ),
        (rule(kind="exclusion", running=[A], yields=[A]), "yield to itself"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_says_why(
    wrong: dict[str, object], says: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(wrong, Rule)


def test_a_rule_names_its_devices() -> None:
    both = msgspec.convert(rule(kind="exclusion", running=[A], yields=[B]), Rule)
    assert len(devices_of_rule(both)) == 2


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Place, {"latitude": 91, "longitude": 0}),
        (Place, {"latitude": 0, "longitude": 181}),
        (Flock, {"placed_on": "2026-01-01", "count": -1}),
        (RelayLimits, {"min_on_s": 3601}),
        (RelayLimits, {"starts_per_hour": 21}),
    ],
)
def test_places_flocks_and_limits_are_checked(kind: type, wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, kind)


def test_a_document_from_before_schedules_is_still_understood() -> None:
    old = {
        "farm_id": A,
        "hub_id": B,
        "version": 1,
        "expires_ms": 1,
        "time_zone": "Asia/Phnom_Penh",
        "houses": [
            {
                "id": H,
                "number": 1,
                "name": "Coop",
                "kind": "coop",
                "setpoints": {
                    "temperature_min_c": 22.0,
                    "temperature_max_c": 30.0,
                    "temperature_hard_max_c": 35.0,
                },
            }
        ],
        "devices": [],
    }
    taken = msgspec.json.decode(msgspec.json.encode(old), type=DesiredDocument)
    assert (taken.schedules, taken.place, taken.houses[0].mode) == ((), None, None)
