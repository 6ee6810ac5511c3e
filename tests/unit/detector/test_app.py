"""The detector's HTTP answers, over a detector that says what it is told to."""

import asyncio
import threading
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import httpx
import pytest
from PIL import Image
from typing_extensions import override

from tests.support.pictures import drawn, encoded
from tests.support.vision import DOUBT_ABOVE, FakeDetector, judged, quality
from tokkatot.detector import turns
from tokkatot.detector.app import FIELD, DetectorApp
from tokkatot.detector.turns import AT_ONCE, WAITING
from tokkatot.vision.detect.verdict import Verdict, decide
from tokkatot.vision.findings import Finding
from tokkatot.vision.preprocess.canvas import Pixels
from tokkatot.vision.preprocess.decoding import thumbnail
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.vision.preprocess.quality import Fault
from tokkatot.wire.pictures import MAX_THUMBNAIL_BYTES

PHOTO = encoded(drawn(1))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is turned away only because many pictures are slow to decode."""
    monkeypatch.setattr(turns, "WITHIN_S", 200.0)


class Held(FakeDetector):
    """A detector that takes its time until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.let_go = threading.Event()

    @override
    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        self.began.set()
        assert self.let_go.wait(200), "the test lets it go"
        return super().judge_canvases(canvases)


class Breaks(FakeDetector):
    """A detector that breaks over what comes first."""

    @override
    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        verdicts = super().judge_canvases(canvases)
        if len(self.at_once) == 1:
            raise RuntimeError("it broke")
        return verdicts


@asynccontextmanager
async def serving(detector: FakeDetector) -> AsyncIterator[httpx.AsyncClient]:
    numbers = count(1)
    app = DetectorApp(detector, new_id=lambda: next(numbers)).asgi
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://detector") as client,
    ):
        yield client


async def post(
    client: httpx.AsyncClient, data: bytes = PHOTO, *, path: str = "/v1/ai/predict"
) -> httpx.Response:
    return await client.post(path, files={FIELD: ("a.jpg", data, "image/jpeg")}, timeout=30)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("path", ["/v1/ai/predict", "/predict"])
async def test_a_photograph_is_answered_with_disease_and_confidence(path: str) -> None:
    async with serving(FakeDetector()) as client:
        answer = await post(client, path=path)

    assert answer.status_code == 200
    assert answer.json() == {
        "disease": "salmonella",
        "confidence": 0.91,
        "alert": True,
        "isolate": True,
        "reasons": [{"code": "confident", "text": "The models agree."}],
    }


async def test_what_cannot_be_told_is_unknown_and_says_why() -> None:
    verdict = decide(judged(Finding.NEWCASTLE, 0.99), quality(Fault.DARK), doubt_above=DOUBT_ABOVE)

    async with serving(FakeDetector(verdict)) as client:
        body = (await post(client)).json()

    assert (body["disease"], body["alert"]) == ("unknown", False)
    assert body["reasons"][0] == {"code": "dark", "text": "The picture is too dark."}


async def test_the_detailed_answer_has_votes_quality_and_says_that_it_is_no_diagnosis() -> None:
    async with serving(FakeDetector()) as client:
        body = (await post(client, path="/v1/ai/predict/detailed")).json()

    assert body["disease"] == "salmonella"
    assert sum(body["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert [vote["disease"] for vote in body["votes"]] == ["salmonella"]
    assert set(body["quality"]) == {"brightness", "detail", "colour", "faults"}
    assert (body["models"], body["no_dropping"]) == ("fake", 0)
    assert "No diagnosis" in body["note"]


async def test_health_names_the_models() -> None:
    async with serving(FakeDetector()) as client:
        body = (await client.get("/v1/ai/health")).json()

    assert body == {"status": "ok", "models": ["m0"], "version": "fake", "waiting": 0}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "picture_refused"),
        (b"PK\x03\x04 no picture", 422, "picture_refused"),
        (PHOTO[:500], 422, "picture_refused"),
        (bytes(MAX_BYTES + 100_000), 413, "body_too_large"),
    ],
    ids=["empty", "zip", "truncated", "too large"],
)
async def test_a_file_that_is_no_photograph_is_refused(data: bytes, status: int, code: str) -> None:
    async with serving(FakeDetector()) as client:
        answer = await post(client, data)
        after = await post(client)

    assert problem(answer) == (status, code)
    assert answer.json()["request_id"]
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"{}", {"content-type": "application/json"}),
        (b"no form", {"content-type": "multipart/form-data; boundary=x"}),
        (b"no form", {"content-type": "multipart/form-data"}),
        (b"", {}),
        (
            b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\ntext\r\n--x--\r\n',
            {"content-type": "multipart/form-data; boundary=x"},
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="b"; filename="a"\r\n\r\n1\r\n--x--\r\n',
            {"content-type": "multipart/form-data; boundary=x"},
        ),
    ],
    ids=["json", "no parts", "no boundary", "nothing", "a text", "another field"],
)
async def test_a_body_without_the_file_is_refused(content: bytes, headers: dict[str, str]) -> None:
    async with serving(FakeDetector()) as client:
        answer = await client.post("/v1/ai/predict", content=content, headers=headers)

    assert problem(answer) == (422, "validation_failed")


async def test_what_is_not_there_is_a_problem_too() -> None:
    async with serving(FakeDetector()) as client:
        missing = await client.get("/v1/ai/nothing")
        wrong = await client.get("/v1/ai/predict")

    assert problem(missing) == (404, "not_found")
    assert problem(wrong) == (405, "method_not_allowed")


async def test_what_comes_while_a_turn_lasts_is_judged_together() -> None:
    detector = Held()
    async with serving(detector) as client, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(post(client))
        await asyncio.to_thread(detector.began.wait, 200)
        others = [tasks.create_task(post(client)) for _ in range(AT_ONCE)]
        while (await client.get("/v1/ai/health")).json()["waiting"] < AT_ONCE:
            await asyncio.sleep(0.01)
        detector.let_go.set()
        answers = [await task for task in (first, *others)]

    assert [answer.status_code for answer in answers] == [200] * (AT_ONCE + 1)
    assert detector.at_once == [1, AT_ONCE]


async def test_more_than_can_wait_are_told_to_come_again_and_the_others_are_judged() -> None:
    detector = Held()
    async with serving(detector) as client, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(post(client))
        await asyncio.to_thread(detector.began.wait, 200)
        waiting = [tasks.create_task(post(client)) for _ in range(WAITING)]
        while (await client.get("/v1/ai/health")).json()["waiting"] < WAITING:
            await asyncio.sleep(0.01)
        refused = await post(client)
        detector.let_go.set()
        served = [await task for task in (first, *waiting)]

    assert problem(refused) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert [answer.status_code for answer in served] == [200] * (WAITING + 1)


async def test_a_bad_picture_in_a_turn_spoils_none_beside_it() -> None:
    detector = Held()
    async with serving(detector) as client, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(post(client))
        await asyncio.to_thread(detector.began.wait, 200)
        bad = tasks.create_task(post(client, b"no picture"))
        good = tasks.create_task(post(client))
        while (await client.get("/v1/ai/health")).json()["waiting"] < 2:
            await asyncio.sleep(0.01)
        detector.let_go.set()
        answers = [await task for task in (first, bad, good)]

    assert [answer.status_code for answer in answers] == [200, 422, 200]


async def test_a_judge_that_breaks_is_told_of_and_judges_what_comes_next() -> None:
    async with serving(Breaks()) as client:
        broken = await post(client)
        after = await post(client)

    assert problem(broken) == (500, "internal")
    assert after.status_code == 200


async def test_small_pictures_are_made_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each takes as much memory as the largest picture that is let in.
    making = threading.Lock()
    together: list[int] = []

    def noted(data: bytes, *, side: int) -> Image.Image:
        alone = making.acquire(blocking=False)
        together.append(1 if alone else 2)
        time.sleep(0.02)
        made = thumbnail(data, side=side)
        if alone:
            making.release()
        return made

    monkeypatch.setattr("tokkatot.detector.seeing.thumbnail", noted)
    async with serving(FakeDetector()) as client, asyncio.TaskGroup() as tasks:
        sent = [
            tasks.create_task(post(client, path="/v1/ai/predict/pictured")) for _ in range(AT_ONCE)
        ]
        answers = [await task for task in sent]

    assert [len(answer.json()["thumbnail"]) > 100 for answer in answers] == [True] * AT_ONCE
    assert together == [1] * AT_ONCE


async def test_what_a_file_says_beside_its_picture_does_not_travel_with_the_small_one() -> None:
    talks = encoded(drawn(1), comment=b"where it was taken" * 3000)
    async with serving(FakeDetector()) as client:
        answer = await post(client, talks, path="/v1/ai/predict/pictured")

    small = b64decode(answer.json()["thumbnail"])
    assert b"taken" not in small
    assert len(small) < MAX_THUMBNAIL_BYTES
