"""Droppings in the cloud: judged, told by hubs, shown with their picture, marked, lent."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text

from tests.support.cloud import Cloud, Person
from tests.support.droppings import detection
from tests.support.house import ONE, House
from tests.support.pictures import drawn, encoded
from tests.support.seen import answered_by, picture, seen_in, send_part, send_whole, tell
from tests.support.vision import FakeDetector
from tokkatot.cloud.detections.detector import AT_ONCE, Detector
from tokkatot.cloud.detections.model import Detection
from tokkatot.cloud.detections.service import PICTURES_KEPT
from tokkatot.cloud.detections.store import let_go
from tokkatot.vision.data.photos import read_photos
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.wire.pictures import DETECTION, PART_BYTES, event_data

PHOTO = encoded(drawn(1))


async def mark(house: House, which: UUID, status: int = 200, **body: object) -> Mapping[str, Any]:
    said: Mapping[str, Any] = await house.cloud.post(
        f"{house.farm_url}/detections/{which}/mark", body, house.owner, status=status
    )
    return said


# --------------------------------------------------------------------------------- told by a hub


async def test_what_a_hub_saw_is_listed_with_its_picture(house: House) -> None:
    which = await tell(house)

    [seen] = await seen_in(house)
    assert (seen["id"], seen["disease"], seen["confidence"]) == (str(which), "coccidiosis", 0.93)
    assert (seen["camera"], seen["alert"], seen["right"]) == ("droppings", True, None)
    assert seen["probabilities"]["coccidiosis"] == 0.93
    answer = await house.cloud.http.get(seen["picture"], headers=house.owner.headers)
    assert (answer.headers["content-type"], answer.content) == ("image/jpeg", picture(1))


async def test_screens_hear_of_it_and_the_log_does_not(house: House) -> None:
    which = await tell(house)

    async with house.cloud.context.database.transaction() as tx:
        told = await tx.session.scalar(
            text("SELECT data FROM farm_changes WHERE type = 'detection.new'")
        )
        logged = await tx.session.scalar(
            text("SELECT count(*) FROM events WHERE type = 'detection.made'")
        )
    assert told["id"] == str(which)
    assert logged == 0


async def test_what_is_told_twice_is_there_once(house: House) -> None:
    await tell(house, 1, seq=1)
    await tell(house, 1, seq=2)
    assert len(await seen_in(house)) == 1


@pytest.mark.parametrize(
    "wrong", [{"house": str(UUID(int=99))}, {"disease": "gout"}, {"confidence": 2}, {"id": "x"}]
)
async def test_what_cannot_be_is_put_aside(house: House, wrong: dict[str, Any]) -> None:
    seen = event_data(detection(1, house=house.yard.house_id)) | wrong
    await house.send("events", [[1, "e", house.now_ms, DETECTION, seen]])

    assert await seen_in(house) == []
    async with house.cloud.context.database.transaction() as tx:
        aside = await tx.session.scalar(text("SELECT count(*) FROM quarantined_rows"))
    assert aside == 1


async def test_the_newest_is_first_by_pages_and_only_what_is_suspicious_on_demand(
    house: House,
) -> None:
    for number in (1, 2, 3):
        await tell(house, number, disease="healthy" if number == 2 else "newcastle")

    page = await house.cloud.get(f"{house.url}/detections?limit=2", house.owner)
    rest = await seen_in(house, f"?limit=2&cursor={page['next_cursor']}")
    assert [one["id"][-3:] for one in [*page["items"], *rest]] == ["3eb", "3ea", "3e9"]
    assert [one["disease"] for one in await seen_in(house, "?alerts=true")] == ["newcastle"] * 2


async def test_the_message_of_an_alert_leads_to_the_picture(house: House) -> None:
    which = await tell(house)
    alert = house.alert_row(
        2,
        "raised",
        type="dropping_suspicious",
        about=str(which),
        name="coccidiosis",
    )
    await house.send("events", [alert], 2)

    [message] = (await house.cloud.get("/v1/users/me/messages", house.owner))["items"]
    assert message["importance"] == "important"
    assert message["picture"] == f"{house.farm_url}/detections/{which}/picture"
    assert "PCR" in message["advice"]
    shown = await house.cloud.get(f"{house.farm_url}/alerts/{ONE}", house.owner)
    assert shown["about"] == str(which)


async def test_what_an_alert_is_about_is_there_however_much_was_seen_since(house: House) -> None:
    which = await tell(house, 1)
    await tell(house, 2, disease="healthy")

    found = await house.cloud.get(f"{house.farm_url}/detections/{which}", house.owner)
    assert [one["id"] for one in await seen_in(house, "?limit=1")] != [str(which)]
    assert found == (await seen_in(house))[1]


async def test_people_are_told_which_camera_gives_no_picture(house: House) -> None:
    alert = house.alert_row(
        1, "raised", type="camera_failed", about="front", name=None, severity="warning"
    )
    await house.send("events", [alert])

    [message] = (await house.cloud.get("/v1/users/me/messages", house.owner))["items"]
    shown = await house.cloud.get(f"{house.farm_url}/alerts/{ONE}", house.owner)
    assert (message["importance"], message["picture"]) == ("important", None)
    assert "front" in message["what"]
    assert (shown["about"], shown["name"]) == ("front", None)


async def test_pictures_that_nobody_needs_go_after_a_while(house: House) -> None:
    await tell(house, 1)
    await tell(house, 2, disease="healthy")
    marked = await tell(house, 3, disease="healthy")
    await mark(house, marked, right=True)

    house.cloud.clock.advance((PICTURES_KEPT + timedelta(days=1)).total_seconds())
    async with house.cloud.context.database.transaction() as tx:
        await let_go(tx.session, before=tx.now - PICTURES_KEPT)
        kept = await tx.session.scalars(
            select(Detection.id).where(Detection.thumbnail.is_not(None)).order_by(Detection.t)
        )
        assert [one.int % 1000 for one in kept] == [1, 3]
        assert await tx.session.scalar(select(func.count()).select_from(Detection)) == 3


# ------------------------------------------------------------------------------- marks of people


async def test_a_person_says_that_it_is_right(house: House) -> None:
    which = await tell(house)
    said = await mark(house, which, right=True)
    assert (said["right"], said["marked_as"], said["consent"]) == (True, "coccidiosis", False)
    assert said["marked_by"]["id"] == str(house.owner.user_id)


async def test_a_person_says_what_it_really_is_and_may_change_their_mind(house: House) -> None:
    which = await tell(house)
    first = await mark(house, which, right=False, disease="healthy", consent=True)
    second = await mark(house, which, right=False)
    assert (first["right"], first["marked_as"], first["consent"]) == (False, "healthy", True)
    assert (second["right"], second["marked_as"], second["consent"]) == (False, None, False)


async def test_the_screens_of_others_hear_of_a_mark(house: House) -> None:
    which = await tell(house)
    await mark(house, which, right=True, consent=True)

    async with house.cloud.context.database.transaction() as tx:
        told = await tx.session.scalars(
            text("SELECT data FROM farm_changes WHERE type = 'detection.changed'")
        )
    assert [one["id"] for one in told] == [str(which)]


async def test_a_mark_that_contradicts_itself_is_refused(house: House) -> None:
    which = await tell(house)
    problem = await mark(house, which, 422, right=False, disease="coccidiosis")
    assert problem["errors"][0]["field"] == "body.disease"


async def test_a_detection_of_another_farm_is_not_there(house: House) -> None:
    which = await tell(house)
    stranger, other = await house.cloud.sign_up("Elsewhere")
    url = f"/v1/farms/{other}/detections/{which}"
    await house.cloud.get(url, stranger, status=404)
    assert (await house.cloud.get(f"{url}/picture", stranger, status=404))["code"] == "not_found"
    await house.cloud.post(f"{url}/mark", {"right": True}, stranger, status=404)


async def test_what_may_be_learned_from_is_a_set_that_the_training_reads(
    house: House, tmp_path: Path
) -> None:
    lent = [await tell(house, number) for number in (1, 2)]
    kept = await tell(house, 3)
    unclear = await tell(house, 4)
    await mark(house, lent[0], right=True, consent=True)
    await mark(house, lent[1], right=False, disease="newcastle", consent=True)
    await mark(house, kept, right=True)
    await mark(house, unclear, right=False, consent=True)

    answer = await house.cloud.http.get(
        f"{house.farm_url}/detections/labelled", headers=house.owner.headers
    )
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    photos = read_photos(tmp_path).photos
    assert {Path(photo.name).stem: photo.label for photo in photos} == {
        str(lent[0]): "coccidiosis",
        str(lent[1]): "newcastle",
    }


# -------------------------------------------------------------------------------- sent by people


@pytest.fixture
async def judged(cloud: Cloud) -> AsyncIterator[FakeDetector]:
    fake = FakeDetector()
    async with answered_by(cloud, fake):
        yield fake


async def upload(cloud: Cloud, person: Person, path: str, data: bytes = PHOTO) -> httpx.Response:
    files = {"image": ("a.jpg", data, "image/jpeg")}
    return await cloud.http.post(path, files=files, headers=person.headers)


async def test_a_photograph_is_judged_briefly_and_in_detail(
    cloud: Cloud, judged: FakeDetector
) -> None:
    owner, _ = await cloud.sign_up()
    brief = (await upload(cloud, owner, "/v1/ai/predict")).json()
    detailed = (await upload(cloud, owner, "/v1/ai/predict/detailed")).json()

    assert brief == {
        "disease": "salmonella",
        "confidence": 0.91,
        "alert": True,
        "isolate": True,
        "reasons": [{"code": "confident", "text": "The models agree."}],
    }
    assert brief.items() <= detailed.items()
    assert detailed["votes"][0]["model"] == "m0"
    assert "vet" in detailed["note"]


async def test_a_photograph_as_large_as_the_detector_takes_them_is_let_through(
    cloud: Cloud, judged: FakeDetector
) -> None:
    owner, _ = await cloud.sign_up()
    largest = await upload(cloud, owner, "/v1/ai/predict", PHOTO.ljust(MAX_BYTES, b"\0"))
    assert largest.status_code == 200
    larger = await upload(cloud, owner, "/v1/ai/predict", PHOTO.ljust(MAX_BYTES + 65536, b"\0"))
    assert (larger.status_code, larger.json()["code"]) == (413, "body_too_large")


async def test_a_file_that_is_no_photograph_is_refused_in_words(
    cloud: Cloud, judged: FakeDetector
) -> None:
    owner, _ = await cloud.sign_up()
    answer = await upload(cloud, owner, "/v1/ai/predict", b"PK\x03\x04")
    assert (answer.status_code, answer.json()["code"]) == (422, "picture_refused")
    assert answer.json()["detail"] == "This is no JPEG, PNG or WebP picture."


async def test_a_request_without_a_photograph_says_what_is_wanted(
    cloud: Cloud, judged: FakeDetector
) -> None:
    owner, _ = await cloud.sign_up()
    answer = await cloud.http.post("/v1/ai/predict", headers=owner.headers)
    assert answer.json()["errors"][0]["field"] == "body.image"


async def test_a_photograph_from_a_phone_is_kept_for_its_house(
    house: House, judged: FakeDetector
) -> None:
    answer = await upload(house.cloud, house.owner, f"{house.url}/detections")
    assert answer.status_code == 201, answer.text

    [seen] = await seen_in(house)
    assert seen == answer.json()
    assert (seen["camera"], seen["disease"], seen["reasons"]) == (None, "salmonella", ["confident"])
    small = await house.cloud.http.get(seen["picture"], headers=house.owner.headers)
    assert small.content.startswith(b"\xff\xd8")


async def test_a_detector_that_is_away_is_said_to_be(house: House) -> None:
    house.cloud.app.state.detector = Detector(
        url="http://detector.test",
        folder=house.cloud.context.settings.data_dir,
        clock=house.cloud.clock,
        transport=httpx.MockTransport(lambda _: httpx.Response(502, text="bad gateway")),
    )
    health = await house.cloud.get("/v1/ai/health", house.owner, status=503)
    sent = await upload(house.cloud, house.owner, f"{house.url}/detections")
    assert health["code"] == "unavailable"
    assert (sent.status_code, sent.headers["retry-after"]) == (503, "2")
    assert await seen_in(house) == []


async def test_more_photographs_than_may_wait_are_sent_away(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    full = Detector(
        url="http://detector.test",
        folder=cloud.context.settings.data_dir,
        clock=cloud.clock,
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})),
    )
    full._asking = AT_ONCE
    cloud.app.state.detector = full
    answer = await upload(cloud, owner, "/v1/ai/predict")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_the_health_names_the_models(cloud: Cloud, judged: FakeDetector) -> None:
    owner, _ = await cloud.sign_up()
    health = await cloud.get("/v1/ai/health", owner)
    assert (health["status"], health["models"], health["version"]) == ("ok", ["m0"], "fake")


# ------------------------------------------------------------- as the camera made it, part by part

ORIGINAL = b"\xff\xd8" + b"camera" * (PART_BYTES // 4)
SHA256 = hashlib.sha256(ORIGINAL).hexdigest()


async def test_a_suspicious_photograph_comes_whole_and_is_shown_as_it_was(house: House) -> None:
    which = await tell(house, sha256=SHA256)
    [before] = await seen_in(house)
    await send_whole(house, which, ORIGINAL)

    [seen] = await seen_in(house)
    answer = await house.cloud.http.get(seen["original"], headers=house.owner.headers)
    assert before["original"] is None
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == ORIGINAL


async def test_a_part_that_is_repeated_or_out_of_turn_changes_nothing(house: House) -> None:
    which = await tell(house, sha256=SHA256)

    assert await send_part(house, which, 0, ORIGINAL) == PART_BYTES
    assert await send_part(house, which, 0, ORIGINAL) == PART_BYTES
    assert await send_part(house, which, 2 * PART_BYTES, ORIGINAL) == PART_BYTES


async def test_another_file_than_the_one_that_was_judged_is_not_shown(house: House) -> None:
    which = await tell(house, sha256=f"{5:064x}")
    await send_whole(house, which, ORIGINAL)

    [seen] = await seen_in(house)
    assert seen["original"] is None
    path = f"{house.farm_url}/detections/{which}/original"
    await house.cloud.get(path, house.owner, status=404)


async def test_of_what_warned_of_nothing_or_is_not_known_no_original_is_wanted(
    house: House,
) -> None:
    harmless = await tell(house, disease="healthy")

    assert await send_part(house, harmless, 0, ORIGINAL) == len(ORIGINAL)
    assert await send_part(house, UUID(int=9), 0, ORIGINAL) == len(ORIGINAL)
