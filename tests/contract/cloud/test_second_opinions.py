"""The cloud's own models look at suspicious originals, beside what the hub said of them."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from typing_extensions import override

from tests.support.house import House
from tests.support.pictures import drawn, encoded
from tests.support.seen import answered_by, seen_in, send_part, send_whole, tell
from tests.support.vision import FakeDetector
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.detections.second import MOST_ROUNDS, NOT_OLDER, SecondOpinions
from tokkatot.wire.pictures import PART_BYTES

PHOTO = encoded(drawn(7, width=640, height=480), quality=95)


async def suspicious(
    house: House, data: bytes = PHOTO, number: int = 1, *, disease: str = "coccidiosis"
) -> UUID:
    """Let the hub warn of a photograph, and send it as the camera made it."""
    sha256 = hashlib.sha256(data).hexdigest()
    which = await tell(house, number, sha256=sha256, disease=disease)
    await send_whole(house, which, data)
    return which


async def look(house: House) -> None:
    """Let the cloud do one round."""
    await SecondOpinions(house.cloud.context, house.cloud.app.state.detector).round()


async def changes(house: House, kind: str) -> list[dict[str, Any]]:
    found = await house.cloud.get(f"{house.farm_url}/changes?since=0", house.owner)
    return [one["data"] for one in found["items"] if one["type"] == kind]


async def test_what_other_models_say_stands_beside_the_hubs_word(house: House) -> None:
    which = await suspicious(house)
    [before] = await seen_in(house)
    async with answered_by(house.cloud, FakeDetector()):
        await look(house)

    [seen] = await seen_in(house)
    second = seen["second_opinion"]
    assert before["second_opinion"] is None
    assert (second["disease"], second["confidence"], second["alert"]) == ("salmonella", 0.91, True)
    assert (second["models"], second["agrees"]) == ("fake", False)
    assert {**seen, "second_opinion": None} == before
    assert [one["id"] for one in await changes(house, "detection.changed")] == [str(which)]


async def test_it_raises_no_alert_and_sends_no_message(house: House) -> None:
    await suspicious(house)
    async with answered_by(house.cloud, FakeDetector()):
        await look(house)

    assert [one["second_opinion"]["alert"] for one in await seen_in(house)] == [True]
    assert (await house.cloud.get(f"{house.farm_url}/alerts", house.owner))["items"] == []
    assert (await house.cloud.get("/v1/users/me/messages", house.owner))["items"] == []


async def test_the_same_disease_is_said_to_agree(house: House) -> None:
    await suspicious(house, disease="salmonella")
    async with answered_by(house.cloud, FakeDetector()):
        await look(house)

    [seen] = await seen_in(house)
    assert seen["second_opinion"]["agrees"] is True


async def test_each_photograph_is_looked_at_once(house: House) -> None:
    await suspicious(house)
    await suspicious(house, encoded(drawn(8)), 2)
    detector = FakeDetector()
    async with answered_by(house.cloud, detector):
        await look(house)
        await look(house)

    assert detector.at_once == [1, 1]
    assert all(one["second_opinion"] is not None for one in await seen_in(house))


async def test_what_has_not_come_whole_is_not_looked_at(house: House) -> None:
    large = encoded(drawn(9, width=640, height=480), quality=98)
    which = await tell(house, sha256=hashlib.sha256(large).hexdigest())
    through = await send_part(house, which, 0, large)
    detector = FakeDetector()
    async with answered_by(house.cloud, detector):
        await look(house)

    assert through == PART_BYTES < len(large)
    assert detector.at_once == []


async def test_what_is_old_is_not_looked_at(house: House) -> None:
    await suspicious(house)
    house.cloud.clock.advance((NOT_OLDER + timedelta(minutes=1)).total_seconds())
    detector = FakeDetector()
    async with answered_by(house.cloud, detector):
        await look(house)

    assert detector.at_once == []


async def test_a_detector_that_is_away_is_asked_again_later(house: House) -> None:
    await suspicious(house)
    house.cloud.app.state.detector = Detector(
        url="http://detector.test",
        folder=house.cloud.context.settings.data_dir,
        clock=house.cloud.clock,
        transport=httpx.MockTransport(lambda _: httpx.Response(502, text="bad gateway")),
    )
    await look(house)
    [before] = await seen_in(house)
    async with answered_by(house.cloud, FakeDetector()):
        await look(house)

    [after] = await seen_in(house)
    assert before["second_opinion"] is None
    assert after["second_opinion"]["disease"] == "salmonella"


class Stuck(httpx.AsyncBaseTransport):
    """A detector that never answers of one photograph, or answers with a status alone."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, photograph: bytes, *, answers: int | None = None
    ) -> None:
        self._inner = inner
        self._answers = answers
        self.photograph = photograph
        self.asked = 0

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.photograph in await request.aread():
            self.asked += 1
            if self._answers is not None:
                return httpx.Response(self._answers, json={})
            raise httpx.ReadTimeout("never", request=request)
        return await self._inner.handle_async_request(request)


async def test_a_photograph_that_always_takes_too_long_holds_up_no_other(house: House) -> None:
    newest = encoded(drawn(8))
    await suspicious(house, number=1)
    await suspicious(house, newest, 2)
    async with answered_by(house.cloud, FakeDetector()):
        detector = house.cloud.app.state.detector
        detector._transport = stuck = Stuck(detector._transport, newest)
        opinions = SecondOpinions(house.cloud.context, detector)
        await opinions.round()
        after_one = [one["second_opinion"] is not None for one in await seen_in(house)]
        for _ in range(9):
            await opinions.round()
        stuck.photograph, asked = b"none", stuck.asked
        for _ in range(MOST_ROUNDS):
            await opinions.round()

    assert after_one == [False, True]
    assert 2 <= asked <= 4
    assert all(one["second_opinion"] is not None for one in await seen_in(house))


async def test_a_photograph_that_a_proxy_holds_for_too_large_holds_up_no_other(
    house: House,
) -> None:
    newest = encoded(drawn(8))
    await suspicious(house, number=1)
    await suspicious(house, newest, 2)
    async with answered_by(house.cloud, FakeDetector()):
        detector = house.cloud.app.state.detector
        detector._transport = proxy = Stuck(detector._transport, newest, answers=413)
        opinions = SecondOpinions(house.cloud.context, detector)
        for _ in range(3):
            await opinions.round()

    assert [one["second_opinion"] is not None for one in await seen_in(house)] == [False, True]
    assert proxy.asked == 2


async def test_what_can_not_be_judged_is_left_at_the_hubs_word(house: House) -> None:
    await suspicious(house, b"\xff\xd8 no photograph")
    detector = FakeDetector()
    async with answered_by(house.cloud, detector):
        await look(house)

    [seen] = await seen_in(house)
    assert (seen["disease"], seen["second_opinion"]) == ("coccidiosis", None)
    async with house.cloud.context.database.transaction() as tx:
        left = await tx.session.scalar(
            text("SELECT count(*) FROM detections WHERE second_at IS NULL")
        )
    assert left == 0
