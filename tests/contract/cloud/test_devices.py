"""Devices, hubs and what hubs are to hold."""

import tomllib
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.cloud import Cloud, Person
from tokkatot.cloud.devices.hubs import broker_logins, note_unknown_device
from tokkatot.cloud.platform.logins import password_fits
from tokkatot.cloud.sync.desired import RENEWED_AFTER, build_desired, renew_documents
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.flocks import NATIVE_WEIGHT_KG, Flock
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.places import Place
from tokkatot.wire.passes import open_pass


class Site:
    """A farm with one coop and one hub."""

    def __init__(self, cloud: Cloud, owner: Person, staff: Person, farm: UUID) -> None:
        self.cloud = cloud
        self.owner = owner
        self.staff = staff
        self.farm = farm
        self.house = ""
        self.hub = ""
        self.toml: dict[str, Any] = {}

    async def add(self, hardware_id: str = "pump-1", **fields: object) -> Any:
        """Register a device."""
        body = {
            "house_id": self.house,
            "hardware_id": hardware_id,
            "name": "Pump",
            "role": "water_pump",
            "interface": "relay",
            "address": {"driver": "sim", "channel": "pump"},
        } | fields
        return await self.cloud.post(f"/v1/farms/{self.farm}/devices", body, self.staff)

    async def desired(self) -> DesiredDocument:
        """Return what the hub is to hold."""
        async with self.cloud.context.database.transaction() as tx:
            return await build_desired(tx, HubId(UUID(self.hub)))


@pytest.fixture
async def site(cloud: Cloud) -> Site:
    owner, farm = await cloud.sign_up()
    site = Site(cloud, owner, await cloud.staff(), farm)
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
    site.house = house["id"]
    made = await cloud.post(
        "/v1/staff/hubs",
        {"farm_id": str(farm), "house_id": site.house, "name": "Pi"},
        site.staff,
    )
    site.hub = made["hub"]["id"]
    site.toml = tomllib.loads(made["hub_toml"])
    return site


async def test_staff_are_told_where_a_hub_would_call_only_itself(site: Site) -> None:
    app, context = site.cloud.app, site.cloud.context
    body = {"farm_id": str(site.farm), "name": "Pi 2"}
    embedded = context.settings.model_copy(update={"mqtt_url": "mqtt://127.0.0.1:18830"})
    app.state.context = replace(context, settings=embedded)
    local = await site.cloud.post("/v1/staff/hubs", body, site.staff)
    assert "Only a hub on the cloud's own machine" in local["note"]
    public = embedded.model_copy(update={"mqtt_public_url": "mqtts://broker.example:8883"})
    app.state.context = replace(context, settings=public)
    far = await site.cloud.post("/v1/staff/hubs", body, site.staff)
    assert far["note"] is None
    assert tomllib.loads(far["hub_toml"])["cloud"]["url"] == "mqtts://broker.example:8883"


async def test_a_hub_learns_where_its_farm_is_and_how_old_its_flock(site: Site) -> None:
    before = await site.desired()
    assert (before.place, before.houses[0].flock) == (None, None)
    answer = await site.cloud.http.patch(
        f"/v1/farms/{site.farm}",
        json={"latitude": 11.48, "longitude": 104.95},
        headers=site.owner.headers,
    )
    assert answer.status_code == 200, answer.text
    await site.cloud.post(
        f"/v1/farms/{site.farm}/houses/{site.house}/flocks",
        {"placed_on": "2026-02-20", "placed_count": 500},
        site.owner,
    )
    after = await site.desired()
    assert after.version == before.version + 2
    assert after.place == Place(latitude=11.48, longitude=104.95)
    assert after.houses[0].flock == Flock(placed_on=date(2026, 2, 20), count=500)


async def test_a_hub_learns_that_birds_are_of_the_village(site: Site) -> None:
    house = f"/v1/farms/{site.farm}/houses/{site.house}"
    placed = {"placed_on": "2026-02-20", "placed_count": 500}
    flock = await site.cloud.post(f"{house}/flocks", placed, site.owner)
    before = await site.desired()
    assert before.houses[0].flock == Flock(placed_on=date(2026, 2, 20), count=500)
    for path, said in ((f"{house}/flocks/{flock['id']}", "មាន់ស្រែ"), (house, "local")):
        answer = await site.cloud.http.patch(
            path, json={"chicken_type": said}, headers=site.owner.headers
        )
        assert answer.status_code == 200, answer.text
        told = (await site.desired()).houses[0].flock
        assert told is not None
        assert told.weight_kg == NATIVE_WEIGHT_KG
        answer = await site.cloud.http.patch(
            path, json={"chicken_type": None}, headers=site.owner.headers
        )
        assert answer.status_code == 200, answer.text
        told = (await site.desired()).houses[0].flock
        assert told is not None
        assert told.weight_kg != NATIVE_WEIGHT_KG
    assert (await site.desired()).version == before.version + 4


async def test_a_new_hub_gets_all_that_it_needs_to_log_in(site: Site) -> None:
    context = site.cloud.context
    assert site.toml["hub"]["id"] == site.toml["cloud"]["login"] == site.hub
    assert site.toml["cloud"]["keys"] == {context.keys.order_kid: context.keys.order_public}
    async with context.database.transaction() as tx:
        (login,) = await broker_logins(tx)
    assert login.name == site.hub
    assert password_fits(site.toml["cloud"]["password"], login.password_hash)


async def test_a_hub_may_use_its_own_subtree_only(site: Site) -> None:
    async with site.cloud.context.database.transaction() as tx:
        (login,) = await broker_logins(tx)
    own = f"farm/{site.farm}/hubs/{site.hub}/"
    assert {line.split(" ")[1].removeprefix(own) for line in login.acl_lines} == {
        "hello",
        "up",
        "live",
        "original",
        "kept",
        "welcome",
        "ack",
        "command",
        "desired",
        "execute",
        "photograph",
        "fw_update",
    }
    assert {line for line in login.acl_lines if line.endswith("command")} == {f"read {own}command"}


async def test_a_revoked_hub_has_no_login_and_drives_nothing(site: Site) -> None:
    device = await site.add()
    answer = await site.cloud.http.delete(f"/v1/staff/hubs/{site.hub}", headers=site.staff.headers)
    assert answer.status_code == 204
    async with site.cloud.context.database.transaction() as tx:
        assert await broker_logins(tx) == []
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    assert (await site.cloud.get(path, site.owner))["hub_id"] is None
    body = {"farm_id": str(site.farm), "name": "New"}
    new = await site.cloud.post("/v1/staff/hubs", body, site.staff)
    assert (await site.cloud.get(path, site.owner))["hub_id"] == new["hub"]["id"]


async def test_a_hub_is_to_hold_its_house_devices_and_members(site: Site) -> None:
    device = await site.add(quantities=[], period_s=10)
    document = await site.desired()
    assert [str(house.id) for house in document.houses] == [site.house]
    (held,) = document.devices
    assert (str(held.id), held.period_s) == (device["id"], 10)
    assert held.address == {"driver": "sim", "channel": "pump"}
    assert site.owner.user_id in {member.user_id for member in document.members}
    again = msgspec.json.decode(msgspec.json.encode(document), type=DesiredDocument)
    assert again == document


async def test_every_change_that_concerns_a_hub_raises_its_version(site: Site) -> None:
    cloud, farm, house = site.cloud, site.farm, site.house
    versions = [(await site.desired()).version]

    async def raised() -> None:
        versions.append((await site.desired()).version)
        assert versions[-1] > versions[-2]

    device = await site.add()
    await raised()
    path = f"/v1/farms/{farm}/devices/{device['id']}"
    await cloud.http.patch(path, json={"name": "P"}, headers=site.owner.headers)
    await raised()
    await cloud.post(f"/v1/farms/{farm}/houses/{house}/stop", {}, site.owner, status=200)
    await raised()
    assert (await site.desired()).houses[0].software_stop
    await cloud.post(f"/v1/farms/{farm}/stop", {}, site.owner, status=200)
    await raised()
    await cloud.member(site.owner, farm, "manager")
    await raised()
    setpoints = {
        "temperature_min_c": 20,
        "temperature_max_c": 30,
        "temperature_hard_max_c": 35,
    }
    await cloud.http.put(
        f"/v1/farms/{farm}/houses/{house}/setpoints", json=setpoints, headers=site.owner.headers
    )
    await raised()
    await cloud.http.delete(path, headers=site.staff.headers)
    await raised()
    assert (await site.desired()).devices == ()


async def test_a_document_is_renewed_long_before_it_expires(site: Site) -> None:
    before = await site.desired()
    site.cloud.clock.advance(RENEWED_AFTER.total_seconds() + 1)
    async with site.cloud.context.database.transaction() as tx:
        await renew_documents(tx)
    after = await site.desired()
    assert after.version == before.version + 1
    assert after.expires_ms > before.expires_ms


async def test_a_device_of_another_house_s_hub_is_refused(site: Site) -> None:
    body = {"name": "Other", "kind": "coop"}
    other = await site.cloud.post(f"/v1/farms/{site.farm}/houses", body, site.owner)
    body = {
        "house_id": other["id"],
        "hardware_id": "x",
        "name": "X",
        "role": "fan",
        "interface": "relay",
        "hub_id": site.hub,
    }
    path = f"/v1/farms/{site.farm}/devices"
    refused = await site.cloud.post(path, body, site.staff, status=404)
    assert refused["detail"] == "There is no such hub."


async def test_a_device_of_a_deleted_house_takes_no_orders(site: Site) -> None:
    device = await site.add()
    house = f"/v1/farms/{site.farm}/houses/{site.house}"
    await site.cloud.http.delete(house, headers=site.owner.headers)
    path = f"/v1/farms/{site.farm}/devices/{device['id']}/commands"
    refused = await site.cloud.post(path, {"action": "on"}, site.owner, status=404)
    assert refused["detail"] == "There is no such device."
    assert (await site.cloud.get(path, site.owner, status=404))["code"] == "not_found"


async def test_a_hardware_id_is_free_again_once_its_device_is_removed(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    await site.cloud.http.delete(path, headers=site.staff.headers)
    await site.cloud.get(path, site.owner, status=404)
    await site.add()
    restore = f"/v1/staff/devices/{device['id']}/restore"
    taken = await site.cloud.post(restore, {}, site.staff, status=409)
    assert taken["code"] == "already_exists"


async def test_an_owner_renames_a_device_and_staff_rewire_it(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    named = await site.cloud.http.patch(
        path, json={"name": "ម៉ាស៊ីនបូម", "location": "Tank"}, headers=site.owner.headers
    )
    assert named.json()["name"] == "ម៉ាស៊ីនបូម"
    wiring = {"address": {"driver": "sim", "channel": "other"}}
    refused = await site.cloud.http.patch(path, json=wiring, headers=site.owner.headers)
    assert refused.status_code == 403
    rewired = await site.cloud.http.patch(path, json=wiring, headers=site.staff.headers)
    assert rewired.json()["address"] == wiring["address"]


async def test_a_device_that_never_reported_is_offline_with_nothing_known(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}/status"
    status = await site.cloud.get(path, site.owner)
    assert (status["online"], status["actual"], status["t"]) == (False, None, None)


async def test_parameters_are_replaced_as_a_whole(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}/config"
    parameter = {"name": "offset", "value": 1.5, "unit": "°C", "minimum": -5, "maximum": 5}
    for body in ({"parameters": [parameter]}, {"parameters": [parameter | {"value": True}]}):
        answer = await site.cloud.http.put(path, json=body, headers=site.owner.headers)
        assert answer.status_code == 200
    stored = (await site.cloud.get(path, site.owner))["parameters"]
    assert [(p["name"], p["value"]) for p in stored] == [("offset", True)]


@pytest.mark.parametrize(
    "change", [{"value": 6}, {"minimum": 6}, {"name": "Bad Name"}, {"unit": "x" * 21}]
)
async def test_a_parameter_outside_its_limits_is_refused(
    site: Site, change: dict[str, object]
) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}/config"
    parameter = {"name": "offset", "value": 1.5, "minimum": -5, "maximum": 5} | change
    answer = await site.cloud.http.put(
        path, json={"parameters": [parameter]}, headers=site.owner.headers
    )
    assert answer.status_code == 422


async def test_a_calibration_keeps_the_limits_and_the_unit_of_its_parameter(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    offset = {"name": "offset", "value": 1.5, "unit": "°C", "minimum": -5, "maximum": 5}
    headers = site.owner.headers
    await site.cloud.http.put(f"{path}/config", json={"parameters": [offset]}, headers=headers)
    held = (await site.desired()).version
    done = await site.cloud.post(
        f"{path}/calibrate", {"name": "offset", "value": -0.5}, site.owner, status=200
    )
    # Noon in Cambodia is six in the morning UTC: the day is the farm's.
    assert (done["calibrated"], done["calibrated_on"]) == (True, "2026-03-01")
    (stored,) = (await site.cloud.get(f"{path}/config", site.owner))["parameters"]
    assert (stored["value"], stored["unit"], stored["maximum"]) == (-0.5, "°C", 5)
    (event,) = (await site.cloud.get(f"/v1/farms/{site.farm}/events?type=device.cal", site.owner))[
        "items"
    ]
    assert event["data"] == {"parameter": "offset", "before": 1.5, "after": -0.5}
    assert (await site.desired()).version == held


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "offset", "value": 6}, "body.value"),
        ({"name": "offset", "value": 1, "calibrated_on": "2026-03-02"}, "body.calibrated_on"),
    ],
)
async def test_a_calibration_that_can_t_be_is_refused(
    site: Site, body: dict[str, object], field: str
) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    offset = {"name": "offset", "value": 1.5, "minimum": -5, "maximum": 5}
    await site.cloud.http.put(
        f"{path}/config", json={"parameters": [offset]}, headers=site.owner.headers
    )
    refused = await site.cloud.post(f"{path}/calibrate", body, site.owner, status=422)
    assert refused["errors"][0]["field"] == field


async def test_a_device_calibrated_for_the_first_time_gets_the_parameter(site: Site) -> None:
    device = await site.add()
    path = f"/v1/farms/{site.farm}/devices/{device['id']}"
    body = {"name": "k_factor", "value": 450.0, "calibrated_on": "2026-02-20"}
    await site.cloud.post(f"{path}/calibrate", body, site.owner, status=200)
    (stored,) = (await site.cloud.get(f"{path}/config", site.owner))["parameters"]
    assert (stored["value"], stored["calibrated_on"]) == (450.0, "2026-02-20")


async def test_a_hardware_id_that_is_taken_is_named(site: Site) -> None:
    await site.add("pump-1")
    other = await site.add("pump-2")
    answer = await site.cloud.http.patch(
        f"/v1/farms/{site.farm}/devices/{other['id']}",
        json={"hardware_id": "pump-1"},
        headers=site.staff.headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    assert answer.json()["errors"][0]["field"] == "body.hardware_id"


async def test_an_unknown_device_is_listed_until_it_is_registered(site: Site) -> None:
    for _ in range(3):
        async with site.cloud.context.database.transaction() as tx:
            await note_unknown_device(
                tx,
                FarmId(site.farm),
                HubId(UUID(site.hub)),
                hardware_id="esp-77",
                driver="nodes",
                detail="sensor",
            )
    path = f"/v1/staff/unknown-devices?farm={site.farm}"
    (listed,) = (await site.cloud.get(path, site.staff))["items"]
    assert (listed["hardware_id"], listed["times_heard"]) == ("esp-77", 3)
    await site.add("esp-77")
    assert (await site.cloud.get(path, site.staff))["items"] == []


async def test_the_fleet_shows_which_hub_is_behind(site: Site) -> None:
    await site.add()
    (seen,) = (await site.cloud.get("/v1/staff/fleet", site.staff))["items"]
    assert (seen["hub"]["id"], seen["device_count"], seen["behind"]) == (site.hub, 1, True)


async def test_every_member_gets_a_pass_for_the_farms_hubs_and_nobody_else(site: Site) -> None:
    viewer = await site.cloud.member(site.owner, site.farm, "viewer")
    stranger, _ = await site.cloud.sign_up("Elsewhere")
    path = f"/v1/farms/{site.farm}/hub-pass"
    (given,) = (await site.cloud.post(path, {}, viewer, status=200))["items"]
    await site.cloud.post(path, {}, stranger, status=404)

    keys = site.cloud.context.keys
    claims = open_pass(
        given["token"],
        {keys.order_kid: keys.order_key.public_key()},
        hub_id=HubId(UUID(site.hub)),
    )
    assert (claims.sub, claims.name) == (viewer.user_id, "Viewer")
    assert (given["hub_id"], given["hub_name"], given["house_id"]) == (site.hub, "Pi", site.house)
    assert given["addresses"] == []


async def test_a_pass_is_no_key_to_the_cloud(site: Site) -> None:
    path = f"/v1/farms/{site.farm}/hub-pass"
    (given,) = (await site.cloud.post(path, {}, site.owner, status=200))["items"]
    answer = await site.cloud.http.get(
        "/v1/users/me", headers={"Authorization": f"Bearer {given['token']}"}
    )
    assert answer.status_code == 401
