"""Fits at the keyboard of the server, to what the cloud's store has of a house."""

import asyncio

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from tests.support.cloud import Cloud
from tests.support.twinned import EVERY, Twinned, twinned
from tokkatot.cli.climate import app


@pytest.fixture
async def farm(cloud: Cloud) -> Twinned:
    return await twinned(cloud)


async def calibrated(farm: Twinned, *words: str) -> Result:
    """Run the command beside the cloud, as on its server."""
    settings = farm.cloud.context.settings
    environment = {
        "TOKKATOT_DATABASE_URL": settings.database_url,
        "TOKKATOT_DATA_DIR": str(settings.data_dir),
    }
    given = ("calibrate", "--through", "2026-03-01", "--days", "3", *words)
    return await asyncio.to_thread(CliRunner().invoke, app, given, env=environment)


async def test_what_the_store_has_of_a_house_is_what_is_fitted(farm: Twinned) -> None:
    since = await farm.weathered(2)
    await farm.measured(farm.coop, "climate_sensor", "temperature", since, [27.0] * 192)
    rows = [
        {"device": farm.devices[farm.coop, "fan"], "t": since + number * EVERY}
        for number in range(192)
    ]
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO device_state_log (t, device_id, actual, target, online)"
                " VALUES (:t, :device, 50, 50, true)"
            ),
            rows,
        )
    told = await calibrated(farm, "--stored", farm.coop)
    assert told.exit_code == 1
    # Both days were found, and the first one only lets the twin find in.
    assert told.output.startswith(f"{farm.coop}: 1 days with readings can be fitted and 0 kept")
    # Of another flock nothing is fitted to this one.
    await farm.restocked(cleared_on="2026-02-27", placed_on="2026-03-01")
    told = await calibrated(farm, "--stored", farm.coop)
    assert told.output.startswith(f"{farm.coop}: 0 days with readings can be fitted and 0 kept")


async def test_what_the_store_lacks_is_said_in_one_line(farm: Twinned) -> None:
    unmeasured = await calibrated(farm, "--stored", farm.coop)
    assert unmeasured.exit_code == 1
    assert unmeasured.output.splitlines() == [
        "No weather station of the farm has measured global_radiation."
    ]
    unknown = await calibrated(farm, "--stored", farm.farm)
    assert (unknown.exit_code, len(unknown.output.splitlines())) == (1, 1)


async def test_records_are_either_a_file_or_the_store(farm: Twinned) -> None:
    neither = await calibrated(farm)
    assert neither.exit_code == 1
    assert "--stored" in neither.output
