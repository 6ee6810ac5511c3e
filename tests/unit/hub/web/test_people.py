"""Who is let in at the hub's page, and who is not."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.engine import FARM
from tests.unit.hub.web.conftest import (
    FARM_PATH,
    MANAGER,
    OWNER,
    PIN,
    STRANGER,
    VIEWER,
    Page,
    peopled,
    served,
)
from tokkatot.hub.journal.port import JournalTimeout
from tokkatot.hub.web.people import MAX_SESSIONS, SESSION_S
from tokkatot.hub.web.pin import FIRST_WAIT_S, FREE_TRIES, LONGEST_WAIT_S
from tokkatot.wire.messages import EventRow


async def test_a_pass_lets_its_person_in_with_the_role_of_the_document(page: Page) -> None:
    answer = (await page.enter(token=page.pass_of(VIEWER))).json()
    assert (answer["user"]["id"], answer["user"]["language"]) == (str(VIEWER), "en")
    assert [(farm["id"], farm["name"], farm["role"]) for farm in answer["farms"]] == [
        (str(FARM), "Kandal", "viewer")
    ]
    async with page.client(answer["access_token"]) as web:
        assert (await web.get(FARM_PATH)).json()["role"] == "viewer"


async def test_the_pass_renews_the_session_without_a_question(page: Page) -> None:
    first = (await page.enter(token=page.pass_of(OWNER))).json()
    async with page.client() as web:
        again = await web.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert again.json()["access_token"] != first["access_token"]


async def test_nobody_sees_anything_without_a_session(page: Page) -> None:
    async with page.client() as web:
        for path in ("/v1/farms", FARM_PATH, f"{FARM_PATH}/houses", "/v1/users/me"):
            answer = await web.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    async with page.client("f" * 64) as web:
        assert (await web.get("/v1/farms")).json()["code"] == "session_ended"


async def test_a_pass_of_a_stranger_is_refused(page: Page) -> None:
    answer = await page.enter(token=page.pass_of(STRANGER))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 2048])
async def test_what_is_no_pass_is_refused(page: Page, token: str) -> None:
    answer = await page.enter(token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_pass_under_another_key_is_refused(page: Page) -> None:
    forged = page.pass_of(OWNER, Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    assert (await page.enter(token=forged)).status_code == 401


async def test_a_pass_ends_after_30_days(page: Page) -> None:
    assert (await page.enter(token=page.pass_of(OWNER, days_ago=29.9))).status_code == 200
    late = await page.enter(token=page.pass_of(OWNER, days_ago=30.1))
    assert (late.status_code, late.json()["code"]) == (401, "session_ended")


async def test_a_hub_without_a_clock_goes_by_the_members_alone(page: Page) -> None:
    token = page.pass_of(OWNER, days_ago=40)
    stranger = page.pass_of(STRANGER)
    page.hub.clock.jump(-20 * 365 * 86_400)
    assert (await page.enter(token=token)).status_code == 200
    assert (await page.enter(token=stranger)).status_code == 403


async def test_a_member_who_was_removed_is_out_at_once(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        assert (await web.get("/v1/farms")).status_code == 200
        await page.hub.configure(peopled(OWNER, VIEWER, version=2))
        assert (await web.get("/v1/farms")).json()["code"] == "session_ended"
    assert (await page.enter(token=page.pass_of(MANAGER))).status_code == 403


async def test_a_session_lasts_half_a_day(page: Page) -> None:
    async with await page.person(OWNER) as web:
        page.hub.clock.advance(SESSION_S - 1)
        assert (await web.get("/v1/farms")).status_code == 200
        page.hub.clock.advance(2)
        assert (await web.get("/v1/farms")).status_code == 401


async def test_who_leaves_is_out(page: Page) -> None:
    async with await page.person(OWNER) as web:
        assert (await web.post("/v1/auth/logout")).status_code == 204
        assert (await web.get("/v1/farms")).status_code == 401


async def test_only_so_many_sessions_are_kept_and_the_oldest_goes_first(page: Page) -> None:
    async with await page.person(OWNER) as first, await page.person(OWNER) as second:
        for _ in range(MAX_SESSIONS - 1):
            await page.enter(token=page.pass_of(VIEWER))
        assert (await first.get("/v1/farms")).status_code == 401
        assert (await second.get("/v1/farms")).status_code == 200


# -------------------------------------------------------------------------------------------- PIN


async def test_the_pin_lets_somebody_in_who_may_operate_and_has_no_name(page: Page) -> None:
    answer = (await page.enter(pin=PIN)).json()
    assert (answer["user"]["name"], answer["farms"][0]["role"]) == ("", "manager")
    assert answer["refresh_token"] == ""


async def test_wrong_pins_lock_it_ever_longer_even_for_the_right_one(page: Page) -> None:
    for _ in range(FREE_TRIES):
        assert (await page.enter(pin="000000")).json()["code"] == "pin_wrong"
    waits_s = []
    for _ in range(9):
        locked = await page.enter(pin=PIN)
        assert (locked.status_code, locked.json()["code"]) == (429, "rate_limited")
        waits_s.append(int(locked.headers["retry-after"]))
        page.hub.clock.advance(waits_s[-1])
        assert (await page.enter(pin="000000")).json()["code"] == "pin_wrong"
    assert waits_s[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits_s[-1] == LONGEST_WAIT_S


async def test_the_right_pin_forgives_the_wrong_ones(page: Page) -> None:
    for _ in range(FREE_TRIES - 1):
        await page.enter(pin="000000")
    assert (await page.enter(pin=PIN)).status_code == 200
    assert (await page.enter(pin="000000")).json()["code"] == "pin_wrong"
    assert (await page.enter(pin=PIN)).status_code == 200


async def test_guesses_at_the_same_time_are_looked_at_one_after_the_other(page: Page) -> None:
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(page.enter(pin="000000")) for _ in range(FREE_TRIES + 3)]
    codes = sorted(task.result().json()["code"] for task in tries)
    assert codes == ["pin_wrong"] * FREE_TRIES + ["rate_limited"] * 3


async def test_a_restart_forgives_no_wrong_pin(page: Page, tmp_path: Path) -> None:
    for _ in range(FREE_TRIES + 1):
        await page.enter(pin="000000")
    async with served(page.hub, tmp_path) as again:
        locked = await again.enter(pin=PIN)
        assert (locked.status_code, int(locked.headers["retry-after"])) == (429, FIRST_WAIT_S)
        page.hub.clock.advance(FIRST_WAIT_S)
        await again.enter(pin="000000")
        assert int((await again.enter(pin=PIN)).headers["retry-after"]) == 2 * FIRST_WAIT_S


async def test_a_restart_knows_that_the_right_pin_came_last(page: Page, tmp_path: Path) -> None:
    for _ in range(FREE_TRIES - 1):
        await page.enter(pin="000000")
    await page.enter(pin=PIN)
    async with served(page.hub, tmp_path) as again:
        assert (await again.enter(pin="000000")).json()["code"] == "pin_wrong"
        assert (await again.enter(pin=PIN)).status_code == 200


async def test_where_nobody_knows_how_often_it_was_wrong_the_wait_comes_first(
    page: Page,
) -> None:
    page.hub.journal.trouble = JournalTimeout(5)
    await page.parts.people.recall()
    page.hub.journal.trouble = None
    assert (await page.enter(pin=PIN)).status_code == 429
    assert (await page.enter(token=page.pass_of(OWNER))).status_code == 200
    page.hub.clock.advance(FIRST_WAIT_S)
    assert (await page.enter(pin=PIN)).status_code == 200


async def test_wrong_pins_are_in_the_farms_log(page: Page) -> None:
    await page.enter(pin="000000")
    await page.enter(pin="000000")
    told = [row for row in page.hub.journal.recorded("events") if isinstance(row, EventRow)]
    assert [row.data for row in told if row.type == "hub.pin_wrong"] == [{"tries": 1}, {"tries": 2}]


async def test_the_pin_that_the_owner_has_set_takes_the_place_of_the_hubs_own(page: Page) -> None:
    await page.hub.configure(peopled(OWNER, version=2, pin="802461"))
    assert (await page.enter(pin=PIN)).json()["code"] == "pin_wrong"
    answer = await page.enter(pin="802461")
    assert answer.json()["farms"][0]["role"] == "manager"


async def test_another_pin_shows_out_who_came_in_by_the_old_one(page: Page) -> None:
    token = (await page.enter(pin=PIN)).json()["access_token"]
    async with page.client(token) as nameless, await page.person(OWNER) as owner:
        await page.hub.configure(peopled(OWNER, version=2, pin="802461"))
        assert (await nameless.get("/v1/farms")).json()["code"] == "session_ended"
        assert (await owner.get("/v1/farms")).status_code == 200
        inside = page.client((await page.enter(pin="802461")).json()["access_token"])
        await page.hub.configure(peopled(OWNER, version=3))
        assert (await inside.get("/v1/farms")).json()["code"] == "session_ended"
        assert (await page.enter(pin=PIN)).status_code == 200


async def test_a_locked_pin_keeps_no_pass_out(page: Page) -> None:
    for _ in range(FREE_TRIES):
        await page.enter(pin="000000")
    assert (await page.enter(pin=PIN)).status_code == 429
    assert (await page.enter(token=page.pass_of(OWNER))).status_code == 200


@pytest.mark.parametrize("pin", ["", "១៣៥៧៩០", "1" * 32, "\ud800"])
async def test_any_text_may_be_tried_as_a_pin(page: Page, pin: str) -> None:
    async with page.client() as web:
        body = b'{"pin": "%b"}' % pin.encode("unicode_escape")
        assert (await web.post("/v1/auth/hub-pass", content=body)).status_code in {401, 422}
