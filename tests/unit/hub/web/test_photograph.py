"""A photograph that a person on the farm asks for."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.engine import HOUSE
from tests.unit.hub.camera.test_watch import FakeJudging
from tests.unit.hub.web.conftest import FARM_PATH, MANAGER, VIEWER, Page
from tokkatot.hub.camera.watch import ASKED_AT_MOST_EVERY_S, Watch
from tokkatot.hub.config import PictureSettings
from tokkatot.hub.web.app import HubApp
from tokkatot.hub.web.seen_book import MAX_SEEN
from tokkatot.wire.messages import EventRow
from tokkatot.wire.pictures import SUSPICIOUS, Camera

ASK = f"{FARM_PATH}/houses/{HOUSE}/photograph"


@pytest.fixture
def watch(page: Page, tmp_path: Path) -> Watch:
    """Give the hub a camera."""
    camera = Camera(name="front", house=UUID(str(HOUSE)), kind="file", where="/front.jpg")
    watch = Watch(
        PictureSettings(cameras=(camera,), every_s=1800, limit_bytes=10**8),
        folder=tmp_path,
        judging=FakeJudging(),
        journal=page.hub.journal,
        clock=page.clock,
        is_time_good=lambda: True,
        new_id=page.hub.ids.new,
    )
    page.app = HubApp(replace(page.parts, watch=watch), web_folder=None).asgi
    return watch


async def test_a_photograph_is_taken_when_a_manager_asks_and_not_again_at_once(
    page: Page, watch: Watch
) -> None:
    async with await page.person(MANAGER) as web:
        first = await web.post(ASK)
        await watch.look()
        second = await web.post(ASK)

    assert first.status_code == 202
    assert first.json()["house_id"] == str(HOUSE)
    assert (second.status_code, second.json()["code"]) == (429, "rate_limited")
    (told,) = [
        row
        for row in page.hub.journal.recorded("events")
        if isinstance(row, EventRow) and row.type == "photograph.requested"
    ]
    assert told.data == {"house": str(HOUSE), "by": str(MANAGER)}


async def test_who_asks_while_others_wait_for_the_same_round_is_told_so_and_nothing_is_noted(
    page: Page, watch: Watch
) -> None:
    async with await page.person(MANAGER) as web:
        answers = [await web.post(ASK) for _ in range(2)]

    assert [one.status_code for one in answers] == [202, 429]
    told = [one for one in page.hub.journal.recorded("events") if isinstance(one, EventRow)]
    assert [one.type for one in told].count("photograph.requested") == 1


async def test_a_viewer_asks_for_none(page: Page, watch: Watch) -> None:
    async with await page.person(VIEWER) as web:
        assert (await web.post(ASK)).status_code == 403


async def test_a_house_without_a_camera_says_so(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        answer = await web.post(ASK)
    assert (answer.status_code, answer.json()["detail"]) == (404, "This house has no camera.")


@pytest.mark.parametrize("ending", [".jpg", ".sent.jpg"])
async def test_a_photograph_that_warned_is_shown_without_internet(
    page: Page, watch: Watch, tmp_path: Path, ending: str
) -> None:
    which = UUID(int=7)
    (tmp_path / SUSPICIOUS).mkdir()
    (tmp_path / SUSPICIOUS / f"{which}.new").write_bytes(b"half")
    (tmp_path / SUSPICIOUS / f"{which}{ending}").write_bytes(b"a photograph")

    async with await page.person(VIEWER) as web:
        shown = await web.get(f"{FARM_PATH}/detections/{which}/picture")
        another = await web.get(f"{FARM_PATH}/detections/{UUID(int=8)}/picture")

    assert (shown.status_code, shown.content) == (200, b"a photograph")
    assert shown.headers["content-type"] == "image/jpeg"
    assert another.status_code == 404


async def test_a_photograph_is_shown_to_nobody_who_has_not_entered(
    page: Page, watch: Watch
) -> None:
    async with page.client() as web:
        answer = await web.get(f"{FARM_PATH}/detections/{UUID(int=7)}/picture")
    assert answer.status_code == 401


HEARD = {"photograph.failed", "detection.new"}
NEWEST = f"{FARM_PATH}/houses/{HOUSE}/detections"


async def test_what_the_cameras_saw_is_shown_without_internet(page: Page, watch: Watch) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    async with await page.person(VIEWER) as web:
        before = (await web.get(NEWEST)).json()["items"]
        for disease in ("healthy", "newcastle"):
            judging.sees = {"front": disease}
            await watch.look()
        newest, healthy = (await web.get(NEWEST)).json()["items"]
        small = await web.get(newest["picture"])
        one = await web.get(newest["picture"].removesuffix("/picture"))
        elsewhere = await web.get(f"{FARM_PATH}/houses/{UUID(int=99)}/detections")

    assert before == []
    assert (newest["disease"], newest["alert"], newest["camera"]) == ("newcastle", True, "front")
    assert (newest["confidence"], newest["reasons"]) == (0.93, ["confident"])
    assert (healthy["disease"], healthy["house_id"]) == ("healthy", str(HOUSE))
    assert (small.content, small.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")
    assert one.json() == newest
    assert elsewhere.status_code == 404


async def test_only_what_warned_is_listed_on_demand(page: Page, watch: Watch) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    async with await page.person(VIEWER) as web:
        for disease in ("newcastle", "healthy"):
            judging.sees = {"front": disease}
            await watch.look()
        listed = {
            asked: [one["disease"] for one in (await web.get(f"{NEWEST}?{asked}")).json()["items"]]
            for asked in ("alerts=true", "alerts=false", "limit=48")
        }
        wrong = await web.get(f"{NEWEST}?alerts=perhaps")

    assert listed == {
        "alerts=true": ["newcastle"],
        "alerts=false": ["healthy", "newcastle"],
        "limit=48": ["healthy", "newcastle"],
    }
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")


async def test_the_page_has_what_warned_in_full_while_the_album_has_it(
    page: Page, watch: Watch, tmp_path: Path
) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    judging.sees = {"front": "newcastle"}
    async with await page.person(VIEWER) as web:
        await watch.look()
        [without] = (await web.get(NEWEST)).json()["items"]
        (tmp_path / SUSPICIOUS).mkdir()
        (tmp_path / SUSPICIOUS / f"{without['id']}.jpg").write_bytes(b"as it was made")
        [seen] = (await web.get(NEWEST)).json()["items"]
        whole = await web.get(seen["original"])

    assert without["original"] is None
    assert whole.content == b"as it was made"


async def test_what_was_seen_before_somebody_came_is_known_what_warned_the_longest(
    page: Page, watch: Watch
) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    for disease in ("newcastle", *["healthy"] * (MAX_SEEN + 2)):
        judging.sees = {"front": disease}
        await watch.look()
    async with await page.person(VIEWER) as web:
        seen = (await web.get(NEWEST)).json()["items"]
    assert [one["disease"] for one in seen] == ["healthy"] * MAX_SEEN + ["newcastle"]


async def test_what_an_open_alert_is_about_is_shown_however_much_warned_since(
    page: Page, watch: Watch
) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    judging.sees = {"front": "newcastle"}
    async with await page.person(VIEWER) as web:
        for _ in range(MAX_SEEN + 8):
            await watch.look()
        alerts = (await web.get(f"{FARM_PATH}/alerts")).json()["items"]
        about = [one["about"] for one in alerts if one["about"] is not None]
        shown = [await web.get(f"{FARM_PATH}/detections/{one}") for one in about]

    assert [one.status_code for one in shown] == [200, 200]


async def test_pages_hear_what_came_of_a_wish_for_a_photograph(page: Page, watch: Watch) -> None:
    judging = watch._judging
    assert isinstance(judging, FakeJudging)
    since = page.parts.feed.seq
    async with await page.person(MANAGER) as web:
        asked = (await web.post(ASK)).json()
        await watch._answer()
        page.hub.clock.advance(ASKED_AT_MOST_EVERY_S)
        judging.sees = {"front": "healthy"}
        await web.post(ASK)
        await watch._answer()

    frames = [one for one in page.parts.feed.since(since) or [] if one["type"] in HEARD]
    failed, seen = frames
    assert (failed["type"], failed["data"]) == (
        "photograph.failed",
        {"house_id": str(HOUSE), "request": asked["id"], "reason": "no_picture"},
    )
    assert seen["type"] == "detection.new"
    assert isinstance(seen["data"], dict)
    assert (seen["data"]["house_id"], seen["data"]["camera"]) == (str(HOUSE), "front")
