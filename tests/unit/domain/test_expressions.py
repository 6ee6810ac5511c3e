"""The language of alarms over several devices: what it says, and what it refuses."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.automation.conditions import Believed
from tokkatot.automation.evaluation import Facts, is_true
from tokkatot.automation.state import Known
from tokkatot.domain.expressions import MAX_DEPTH, MAX_NODES, ExpressionError, devices_in, parse
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity

ONE = DeviceId(UUID(int=1))
FAN = DeviceId(UUID(int=2))
GONE = DeviceId(UUID(int=3))
FACTS = Facts(
    believed=Believed(
        together={Quantity.TEMPERATURE: 34.0, Quantity.RELATIVE_HUMIDITY: 80.0},
        alone={(ONE, Quantity.TEMPERATURE): 36.0},
    ),
    outside={Quantity.TEMPERATURE: 31.0},
    setpoints=DEFAULT_SETPOINTS[HouseKind.COOP],
    known={
        FAN: Known(since_s=0.0, online=True, level=20.0),
        GONE: Known(since_s=0.0, online=False, level=100.0),
    },
    age=21,
)


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("temperature > 33", True),
        ("temperature - outside(temperature) > 3", False),
        ("temperature - outside(temperature) >= 3 and outside(temperature) > 30", True),
        (f"temperature[{ONE}] > 35 and level[{FAN}] < 50", True),
        ("1 + 2 * 3 < 8 and (1 + 2) * 3 > 8", True),
        ("8 - 2 - 2 <= 4", True),
        ("-temperature < -33", True),
        ("not temperature > 40 or temperature > 90", True),
        ("not (temperature > 30 or temperature < 10)", False),
        ("max(temperature, 40) > mean(30, 40) and min(1, 2) < abs(-3)", True),
        ("temperature > setpoint(temperature_max_c) + 3", True),
        ("age > 20 and relative_humidity > 70", True),
        ("vpd > 1.06 and vpd < 1.07", True),
        (f"vpd[{ONE}] > 0", None),
        ("outside(vpd) > 0", None),
        ("temperature / 0 > 1", None),
        ("co2 > 1000", None),
        (f"level[{GONE}] > 50", None),
        # What can be decided without the unknown is decided.
        ("co2 > 1000 and temperature > 90", False),
        ("co2 > 1000 or temperature > 30", True),
        ("co2 > 1000 and temperature > 30", None),
        ("not co2 > 1000", None),
    ],
)
def test_an_expression_says(text: str, so: bool | None) -> None:
    assert is_true(parse(text), FACTS) is so


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("temperature", 0),
        ("temperature >", 13),
        ("temperature > 3 4", 16),
        ("temperature > 3 and 4", 20),
        ("(temperature > 3) + 1 > 2", 0),
        ("temprature > 3", 0),
        ("temperature > 3)", 15),
        ("(temperature > 3", 16),
        ("temperature[1] > 3", 11),
        ("level > 3", 6),
        ("setpoint(heat) > 3", 9),
        ("outside(3) > 3", 8),
        ("min(1) > 3", 0),
        ("abs(1, 2) > 3", 0),
        ("temperature == 3", 12),
        ("__import__('os') > 3", 11),
        ("1 < 2 < 3", 6),
    ],
)
def test_what_is_no_expression_is_refused_with_the_place(text: str, at: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert refused.value.at == at


def test_an_expression_has_its_limits() -> None:
    with pytest.raises(ExpressionError, match="nested"):
        parse("(" * (MAX_DEPTH + 1) + "1 < 2" + ")" * (MAX_DEPTH + 1))
    with pytest.raises(ExpressionError, match="parts"):
        parse(" + ".join("1" for _ in range(MAX_NODES)) + " < 2")
    with pytest.raises(ExpressionError, match="characters"):
        parse("temperature > 1" + " " * 500)


def test_an_expression_tells_which_devices_it_names() -> None:
    found = set(devices_in(parse(f"max(temperature[{ONE}], 1) > 2 or not level[{FAN}] > 3")))
    assert found == {(ONE, Quantity.TEMPERATURE), (FAN, None)}


@given(st.text(alphabet="temperaurlvo()<>=+-*/, andot1234567890.[]", max_size=60))
def test_whatever_is_written_is_parsed_or_refused(text: str) -> None:
    at: int | None = None
    so: bool | None = None
    try:
        so = is_true(parse(text), FACTS)
    except ExpressionError as refused:
        at = refused.at
    assert at is None or 0 <= at <= len(text)
    assert so in (True, False, None)
