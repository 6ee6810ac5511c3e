"""What is saved in money: electricity and heat each at its own price."""

import tracemalloc
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.intelligence.model import SavedDay
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.reports.money import Price, drawn, savings
from tokkatot.cloud.telemetry import equipment_api
from tokkatot.cloud.telemetry.equipment import Reports
from tokkatot.cloud.telemetry.store import Span
from tokkatot.domain.devices import DeviceRole

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


ACTUATORS = 40
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = Span(start=JANUARY, end=JANUARY + timedelta(days=365))


async def on_all_year(_: object, devices: Sequence[UUID], span: Span) -> Mapping[UUID, Reports]:
    """Return that each device was switched on as the year began."""
    line = Reports(
        t_ms=np.array([span.start_ms]),
        actual=np.array([100.0]),
        target=np.array([100.0]),
        online=np.array([True]),
        error=(None,),
    )
    return dict.fromkeys(devices, line)


async def heard_all_year(
    _: object, devices: Sequence[Device], *, now: datetime
) -> Mapping[UUID, int]:
    return dict.fromkeys((one.id for one in devices), round(now.timestamp() * 1000))


async def test_a_year_by_the_hour_never_holds_the_hours_of_all_devices_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(equipment_api, "read_reports", on_all_year)
    monkeypatch.setattr(equipment_api, "known_until", heard_all_year)
    fans = [
        Device(
            id=UUID(int=number + 1), role=DeviceRole.FAN, specs={equipment_api.RATED_POWER: 1000}
        )
        for number in range(ACTUATORS)
    ]
    tx = cast("Transaction", SimpleNamespace(session=None, now=YEAR.end))
    days_ms = YEAR.start_ms + 86_400_000 * np.arange(366, dtype=np.int64)
    price = Price(electricity_kwh=0.2, tariff=EVENING)
    await drawn(tx, fans[:1], YEAR, days_ms, price, ZoneInfo("UTC"))  # what is made but once

    tracemalloc.start()
    told = await drawn(tx, fans, YEAR, days_ms, price, ZoneInfo("UTC"))
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    an_hour_each = ACTUATORS * 365 * 24 * 8
    assert most_bytes < an_hour_each
    assert told.energy_kwh == pytest.approx(np.full(365, 24.0 * ACTUATORS))
    assert told.cost == pytest.approx(np.full(365, 0.2 * 25 * ACTUATORS))
