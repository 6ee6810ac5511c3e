"""Times at the ends of the calendar, wherever one may be asked for."""

import pytest

from tests.support.house import House

ROUTES = (
    "houses/{house}/history",
    "houses/{house}/history?raw=true",
    "devices/{device}/history",
    "devices/{device}/trace",
    "reports/device-usage",
    "reports/device-metrics?device={device}",
    "reports/export",
    "houses/{house}/anomalies",
    "houses/{house}/trends",
    "houses/{house}/analytics/daily",
)
FIRST, SECOND, LAST = "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "9999-12-31T23:59:59.999999Z"
TIMES = (
    f"to={FIRST}",
    f"from={FIRST}&to={FIRST}",
    f"from={FIRST}&to={SECOND}",
    f"to={LAST}",
    f"from={LAST}",
    f"from={FIRST}&to={LAST}",
)


@pytest.mark.parametrize("route", ROUTES)
async def test_no_time_is_too_early_or_late_to_be_answered(house: House, route: str) -> None:
    await house.minutes([20.0, 21.0])
    path = route.format(house=house.yard.house_id, device=house.yard.sensor)
    for times in TIMES:
        url = f"{house.farm_url}/{path}{'&' if '?' in path else '?'}{times}"
        answer = await house.cloud.http.get(url, headers=house.owner.headers)
        assert answer.status_code in {200, 422}, (url, answer.text)


async def test_a_chart_that_ends_before_there_were_readings_is_refused(house: House) -> None:
    url = f"{house.url}/history?to={FIRST}"
    refused = await house.cloud.get(url, house.owner, status=422)
    assert refused["errors"][0]["field"] == "query.to"
    assert refused["errors"][0]["code"] == "too_early"
