"""The demo farm is laid out once, and people's changes to it stay."""

import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tokkatot.cli.demo import seed_demo
from tokkatot.cloud.platform.objects import Objects, picture_key
from tokkatot.cloud.platform.settings import CloudSettings
from tokkatot.hub.config import read_config
from tokkatot.sim.farm import DEMO_FARM


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> CloudSettings:
    return CloudSettings(
        data_dir=tmp_path / "data", database_url=postgres_url, mqtt_url="mqtt://127.0.0.1:1"
    )


def rows(settings: CloudSettings, query: str) -> list[Any]:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(query).fetchall()


def change(settings: CloudSettings, statement: str) -> None:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(statement)


async def test_it_makes_accounts_houses_devices_and_a_hub_for_each_house(
    settings: CloudSettings,
) -> None:
    await seed_demo(settings)
    assert rows(settings, "SELECT name, is_staff FROM users ORDER BY name") == [
        ("Chan", False),
        ("Dara", False),
        ("Sokha", False),
        ("Staff", True),
    ]
    homes = "SELECT count(DISTINCT home_farm_id), count(home_farm_id) FROM users"
    assert rows(settings, homes) == [(1, 3)]
    assert rows(settings, "SELECT role FROM farm_members ORDER BY role") == [
        ("manager",),
        ("owner",),
        ("viewer",),
    ]
    labels = {house.hardware_id(device) for house in DEMO_FARM.houses for device in house.devices}
    assert {label for (label,) in rows(settings, "SELECT hardware_id FROM devices")} == labels
    assert rows(settings, "SELECT count(*) FROM devices WHERE hub_id IS NULL") == [(0,)]
    assert rows(settings, "SELECT count(DISTINCT house_id) FROM hubs") == [(3,)]


async def test_the_first_coop_has_a_shipped_policy_and_all_that_it_looks_at(
    settings: CloudSettings,
) -> None:
    await seed_demo(settings)
    assert rows(
        settings,
        "SELECT houses.name, autopilots.mode, policies.house_kind FROM autopilots"
        " JOIN houses ON houses.id = house_id JOIN policies ON sha256 = policy_sha256",
    ) == [("Coop 1", "off", "coop")]
    roles = rows(
        settings,
        "SELECT role FROM devices JOIN houses ON houses.id = house_id WHERE houses.name = 'Coop 1'",
    )
    assert {("weather_station",), ("climate_sensor",), ("gas_sensor",)} <= set(roles)


async def test_the_hubs_can_read_their_files_and_others_cannot(settings: CloudSettings) -> None:
    paths = await seed_demo(settings)
    assert [path.parent.name for path in paths] == ["coop-1", "coop-2", "greenhouse-1"]
    for path in paths:
        config = read_config(path)
        assert config.cloud is not None
        assert config.cloud.broker.login == str(config.hub_id)
        assert [driver.kind for driver in config.drivers] == ["simulated"]
        assert [file.stat().st_mode & 0o077 for file in path.parent.iterdir()] == [0, 0]


async def test_a_second_start_changes_nothing_that_is_there(settings: CloudSettings) -> None:
    first = await seed_demo(settings)
    before = [tomllib.loads(path.read_text())["hub"]["id"] for path in first]
    passwords = [(path.parent / "password").read_text() for path in first]
    change(settings, "UPDATE farms SET name = 'Ours'; UPDATE users SET name = 'Me'")
    second = await seed_demo(settings)
    assert second == first
    assert [tomllib.loads(path.read_text())["hub"]["id"] for path in second] == before
    assert [(path.parent / "password").read_text() for path in second] == passwords
    assert rows(settings, "SELECT name FROM farms") == [("Ours",)]
    assert rows(settings, "SELECT count(*) FROM hubs") == [(3,)]


async def test_a_house_that_the_owner_removed_stays_away(settings: CloudSettings) -> None:
    await seed_demo(settings)
    change(settings, "UPDATE houses SET deleted_at = now() WHERE number = 2")
    paths = await seed_demo(settings)
    assert [path.parent.name for path in paths] == ["coop-1", "greenhouse-1"]


async def test_a_farm_that_the_owner_removed_stays_away(settings: CloudSettings) -> None:
    await seed_demo(settings)
    change(settings, "UPDATE farms SET deleted_at = now()")
    assert await seed_demo(settings) == ()


async def test_a_hub_whose_password_is_lost_is_let_in_anew(settings: CloudSettings) -> None:
    paths = await seed_demo(settings)
    lost = tomllib.loads(paths[0].read_text())["hub"]["id"]
    (paths[0].parent / "password").unlink()
    await seed_demo(settings)
    found = tomllib.loads(paths[0].read_text())["hub"]["id"]
    assert found != lost
    assert rows(settings, "SELECT count(*) FROM hubs WHERE revoked_at IS NOT NULL") == [(1,)]
    assert rows(settings, "SELECT count(*) FROM devices WHERE hub_id IS NULL") == [(0,)]


@pytest.mark.parametrize("photographed", [True, False])
async def test_the_camera_has_a_photograph_where_there_is_one_and_else_a_drawing(
    settings: CloudSettings, tmp_path: Path, photographed: bool
) -> None:
    folder = tmp_path / "vision" / "fullres_examples"
    folder.mkdir(parents=True)
    if photographed:
        (folder / "healthy_s1.jpg").write_bytes(b"\xff\xd8photograph")
    hubs = await seed_demo(settings.model_copy(update={"demo_pictures": tmp_path / "vision"}))
    ((house_id,),) = rows(settings, "SELECT id FROM houses WHERE number = 1")
    objects = Objects.open(None, folder=settings.data_dir / "objects")
    picture = await objects.get(picture_key(house_id))
    assert picture is not None
    assert picture.content.startswith(b"\xff\xd8")
    assert (picture.content == b"\xff\xd8photograph") is photographed
    looking = [read_config(path).pictures for path in hubs]
    assert [one is not None for one in looking] == [photographed, False, False]


async def test_somebody_elses_farm_is_never_taken_for_the_demo(settings: CloudSettings) -> None:
    await seed_demo(settings)
    change(settings, "UPDATE devices SET hardware_id = 'REAL-' || hardware_id")
    assert await seed_demo(settings) == ()
    assert rows(settings, "SELECT count(*) FROM hubs WHERE revoked_at IS NOT NULL") == [(0,)]


async def test_its_houses_have_something_to_do_by_themselves(settings: CloudSettings) -> None:
    await seed_demo(settings)
    lists = rows(
        settings,
        "SELECT h.number, count(*) FROM schedules s JOIN houses h ON h.id = s.house_id"
        " WHERE s.deleted_at IS NULL GROUP BY 1 ORDER BY 1",
    )
    assert lists == [(1, 3), (2, 2), (3, 2)]
    assert rows(settings, "SELECT jsonb_array_length(rules) FROM house_rules") == [(2,)] * 3
