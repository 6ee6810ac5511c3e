"""Whom an owner can make a member, and what they get to see of that person."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.cloud import PASSWORD, Cloud, Person, cloud_over
from tokkatot.cloud.farms import service
from tokkatot.cloud.platform.http import HttpLimits

FREE_PHONE = "011222333"
FREE_EMAIL = "dara@example.com"


async def sign_up_as(cloud: Cloud, farm: str, **contacts: str) -> tuple[Person, str]:
    """Sign up with a key that names the phone; return the person and their farm's id."""
    key = await cloud.registration_key(farm, contacts.get("phone"))
    body = {"registration_key": key, "name": farm, "password": PASSWORD} | contacts
    answer = await cloud.http.post("/v1/auth/signup", json=body)
    assert answer.status_code == 201, answer.text
    return await cloud.log_in(next(iter(contacts.values()))), answer.json()["farms"][0]["id"]


async def invite(
    cloud: Cloud, farm: object, by: Person, *, status: int = 201, role: str = "viewer", **who: str
) -> Any:
    """Invite a person by the contacts given."""
    body = {"name": "Dara", "role": role} | who
    return await cloud.post(f"/v1/farms/{farm}/members", body, by, status=status)


async def test_who_took_a_phone_number_first_gets_no_role_meant_for_its_owner(
    cloud: Cloud,
) -> None:
    mallory, farm_a = await cloud.sign_up("A")
    owner, farm_b = await cloud.sign_up("B")
    made = await invite(cloud, farm_a, mallory, phone=FREE_PHONE)
    body = {"login": FREE_PHONE, "code": made["reset_code"]["code"], "new_password": PASSWORD}
    assert (await cloud.http.post("/v1/auth/reset-password", json=body)).status_code == 204
    squatter = await cloud.log_in(FREE_PHONE)
    refused = await invite(cloud, farm_b, owner, status=409, role="manager", phone=FREE_PHONE)
    assert refused["code"] == "conflict"
    assert [(e["field"], e["code"]) for e in refused["errors"]] == [("body.phone", "unproved")]
    await cloud.get(f"/v1/farms/{farm_b}", squatter, status=404)


async def test_a_proved_phone_number_proves_no_e_mail_beside_it(cloud: Cloud) -> None:
    squatter, _ = await sign_up_as(cloud, "A", phone="012000001", email=FREE_EMAIL)
    assert (await cloud.get("/v1/users/me", squatter))["contact_verified"] is True
    owner, farm = await cloud.sign_up("B")
    # Nor where a phone number is named with it that is somebody else's, or nobody's.
    for more in ({}, {"phone": FREE_PHONE}):
        refused = await invite(cloud, farm, owner, status=409, email=FREE_EMAIL, **more)
        assert refused["errors"][0] | {"detail": ""} == {
            "field": "body.email",
            "code": "unproved",
            "detail": "",
        }
    await invite(cloud, farm, owner, phone="012000001", email=FREE_EMAIL)


async def test_staff_add_whom_an_owner_can_t(cloud: Cloud) -> None:
    other, elsewhere = await cloud.sign_up("A")
    owner, farm = await cloud.sign_up("B")
    person = await cloud.member(other, elsewhere, "viewer")
    await invite(cloud, farm, owner, status=409, phone=person.login)
    await invite(cloud, farm, await cloud.staff(), phone=person.login)
    assert (await cloud.get(f"/v1/farms/{farm}", person))["role"] == "viewer"


async def test_a_person_whose_account_the_farm_made_comes_back(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    viewer = await cloud.member(owner, farm, "viewer")
    path = f"/v1/farms/{farm}/members/{viewer.user_id}"
    assert (await cloud.http.delete(path, headers=viewer.headers)).status_code == 204
    assert (await invite(cloud, farm, owner, phone=viewer.login))["reset_code"] is None


async def test_who_gives_a_proved_number_up_has_proved_nothing(cloud: Cloud) -> None:
    squatter, _ = await sign_up_as(cloud, "A", phone="012000001", email=FREE_EMAIL)
    gone = {"phone": None, "password": PASSWORD}
    answer = await cloud.http.patch("/v1/users/me", json=gone, headers=squatter.headers)
    assert answer.json()["contact_verified"] is False
    owner, farm = await cloud.sign_up("B")
    await invite(cloud, farm, owner, status=409, email=FREE_EMAIL)


@pytest.mark.parametrize("moved", [False, True])
async def test_a_number_that_was_changed_is_to_be_proved_again(
    cloud: Cloud, *, moved: bool
) -> None:
    person, _ = await sign_up_as(cloud, "A", phone="012000001")
    phone = FREE_PHONE if moved else "012000001"
    new = {"phone": phone, "password": PASSWORD}
    answer = await cloud.http.patch("/v1/users/me", json=new, headers=person.headers)
    assert answer.json()["contact_verified"] is not moved
    owner, farm = await cloud.sign_up("B")
    await invite(cloud, farm, owner, status=409 if moved else 201, phone=phone)


def contacts(member: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return member["phone"], member["email"]


async def test_whom_a_stranger_invites_tells_no_more_than_was_typed(cloud: Cloud) -> None:
    dara, home = await sign_up_as(cloud, "A", phone="012000001", email=FREE_EMAIL)
    both = ("+85512000001", FREE_EMAIL)
    owner, farm = await cloud.sign_up("B")
    added = await invite(cloud, farm, owner, phone="012 000 001")
    assert contacts(added) == ("+85512000001", None)
    path = f"/v1/farms/{farm}/members"

    async def seen(by: Person, path: str = path) -> list[tuple[str | None, str | None]]:
        listed = (await cloud.get(path, by))["items"]
        return [contacts(one) for one in listed if one["user_id"] == str(dara.user_id)]

    assert await seen(owner) == [(None, None)]
    changed = await cloud.http.patch(
        f"{path}/{dara.user_id}", json={"role": "manager"}, headers=owner.headers
    )
    assert contacts(changed.json()) == (None, None)
    # The person, staff, and the farm whose the account is see all of it.
    viewer = await cloud.member(dara, UUID(home), "viewer")
    assert await seen(dara) == await seen(await cloud.staff()) == [both]
    assert await seen(viewer, f"/v1/farms/{home}/members") == [both]


async def test_a_new_person_is_answered_with_all_that_was_typed(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    added = await invite(cloud, farm, owner, phone=FREE_PHONE, email=FREE_EMAIL)
    assert contacts(added) == ("+85511222333", FREE_EMAIL)


async def test_a_person_invites_so_many_a_minute(postgres_url: str, tmp_path: Path) -> None:
    limits = HttpLimits(per_minute=1000, auth_per_minute=1000, invitations_per_minute=2)
    async with cloud_over(postgres_url, tmp_path, limits=limits) as cloud:
        owner, farm = await cloud.sign_up("A")
        other, elsewhere = await cloud.sign_up("B")
        for phone in ("012000001", "012000002"):
            await invite(cloud, farm, owner, phone=phone)
        # Of one person, at whatever farm.
        mine = (await cloud.post("/v1/farms", {"name": "C"}, owner))["id"]
        for full in (farm, mine):
            refused = await invite(cloud, full, owner, status=429, phone="012000003")
            assert refused["code"] == "rate_limited"
        await invite(cloud, elsewhere, other, phone="012000003")


@pytest.mark.parametrize("role", ["viewer", "owner"])
async def test_farms_of_others_keep_nobody_from_making_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setattr(service, "MAX_FARMS", 2)
    mallory, elsewhere = await cloud.sign_up("A")
    dara, _ = await cloud.sign_up("B")
    await invite(cloud, elsewhere, mallory, phone=dara.login, role=role)
    await cloud.post("/v1/farms", {"name": "Second"}, dara)
    full = await cloud.post("/v1/farms", {"name": "Third"}, dara, status=409)
    assert full["detail"] == "One person makes at most 2 farms."
