"""What is saved in money: electricity and heat each at its own price."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from tokkatot.cloud.intelligence.model import SavedDay
from tokkatot.cloud.reports.money import Price, savings

EVENING = tuple(2.0 if hour == 18 else 1.0 for hour in range(24))


def day(electricity_kwh: float, heat_kwh: float) -> SavedDay:
    """Return a day that saved so much, its electricity in equal parts at five and at six."""
    by_hour = [electricity_kwh / 2 if hour in {17, 18} else 0.0 for hour in range(24)]
    return SavedDay(
        house_id=UUID(int=1),
        day=date(2026, 1, 11),
        saved_kwh=electricity_kwh + heat_kwh,
        saved_heat_kwh=heat_kwh,
        saved_electricity_by_hour_kwh=by_hour,
        spared_stress_h=0.0,
        lacking=None,
        reckoned_at=datetime(2026, 1, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("electricity_kwh", "heat_kwh", "tariff", "saved"),
    [
        (90.0, -100.0, None, 11.0),
        (-90.0, 100.0, None, -11.0),
        (90.0, -100.0, EVENING, 20.0),
    ],
)
def test_gas_is_not_paid_as_electricity(
    electricity_kwh: float, heat_kwh: float, tariff: tuple[float, ...] | None, saved: float
) -> None:
    price = Price(electricity_kwh=0.2, heat_kwh=0.07, tariff=tariff)
    told = savings(day(electricity_kwh, heat_kwh), price)
    assert told["saved"] == pytest.approx(saved)
    assert (told["saved_heat_kwh"], told["lacking"]) == (heat_kwh, None)


def test_heat_without_a_price_is_not_told_in_money_and_no_heat_needs_none() -> None:
    price = Price(electricity_kwh=0.2)
    told = savings(day(90.0, -100.0), price)
    assert (told["saved_kwh"], told["saved"], told["lacking"]) == (-10.0, None, "heat_price")
    assert savings(day(90.0, 0.0), price)["saved"] == pytest.approx(18.0)
