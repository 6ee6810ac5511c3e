"""The models' process: what it answers is taken, and nothing that it does holds the hub."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from tests.support.droppings import HOUSE, detection
from tokkatot.hub.camera.process import ModelsProcess, RoundFailed
from tokkatot.wire.pictures import MAX_ANSWER_BYTES, Camera, Look, Looked, Looks

SEEN = Looked(id=UUID(int=9), detection=detection(1))
ANSWERS = f"print({msgspec.json.encode(SEEN).decode()!r}, flush=True)\n"
READS = "import sys, time, os\nsys.stdin.buffer.read()\n"


def looks(folder: Path) -> Looks:
    camera = Camera(name="front", house=HOUSE, kind="file", where="/nowhere.jpg")
    return Looks(
        folder=str(folder),
        limit_bytes=10**8,
        models=str(folder / "models"),
        looks=(Look(id=SEEN.id, camera=camera),),
    )


def program(text: str, *, within_s: float = 200) -> ModelsProcess:
    return ModelsProcess((sys.executable, "-c", READS + text), within_s=within_s)


async def test_every_line_that_is_an_answer_is_taken(tmp_path: Path) -> None:
    talks = program(ANSWERS + "print('a warning of a library')\n" + ANSWERS)
    assert await talks.round(looks(tmp_path)) == [SEEN, SEEN]


@pytest.fixture
def ends_when_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of a round be over as soon as something was read."""
    limits: list[asyncio.Timeout] = []
    timeout, read = asyncio.timeout, asyncio.StreamReader.read

    def kept(delay_s: float | None) -> asyncio.Timeout:
        limits.append(timeout(delay_s))
        return limits[-1]

    async def read_and_end(stream: asyncio.StreamReader, n: int = -1) -> bytes:
        chunk = await read(stream, n)
        limits[-1].reschedule(asyncio.get_running_loop().time())
        return chunk

    monkeypatch.setattr(asyncio, "timeout", kept)
    monkeypatch.setattr(asyncio.StreamReader, "read", read_and_end)


@pytest.mark.usefixtures("ends_when_heard")
async def test_what_was_said_before_it_hung_is_good(tmp_path: Path) -> None:
    hangs = program(ANSWERS + "time.sleep(600)\n", within_s=100)
    assert await hangs.round(looks(tmp_path)) == [SEEN]


async def test_a_process_that_says_nothing_is_told_with_its_end(tmp_path: Path) -> None:
    with pytest.raises(RoundFailed, match="status 3"):
        await program("os._exit(3)\n").round(looks(tmp_path))


async def test_a_process_that_dies_before_it_reads_is_no_more_than_that(tmp_path: Path) -> None:
    with pytest.raises(RoundFailed):
        await ModelsProcess((sys.executable, "-c", "")).round(looks(tmp_path))


async def test_a_program_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(RoundFailed, match="does not start"):
        await ModelsProcess((str(tmp_path / "nothing"),)).round(looks(tmp_path))


async def test_a_flood_of_words_is_cut_off(tmp_path: Path) -> None:
    floods = program(f"while True: sys.stdout.write('x' * {MAX_ANSWER_BYTES})\n")
    with pytest.raises(RoundFailed):
        await floods.round(looks(tmp_path))


async def test_the_real_one_without_models_says_what_is_missing(tmp_path: Path) -> None:
    [answer] = await ModelsProcess().round(looks(tmp_path))
    assert (answer.id, answer.detection) == (SEEN.id, None)
    assert "There are no models" in (answer.trouble or "")
