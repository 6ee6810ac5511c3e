"""A store of files as the reference says it is named, and whether it answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.cloud import Cloud
from tokkatot.cloud.main import _app
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.objects import Objects

SETTINGS = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


@asynccontextmanager
async def bucket(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> AsyncIterator[list[str]]:
    """Run a store that answers every request alike, or never; yield what it is asked."""
    asked: list[str] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if not answer:
            await over.wait()
        writer.write(answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for name, value in {
        "AWS_ACCESS_KEY_ID": "the-key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "ap-southeast-1",
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        assert name in SETTINGS.read_text()
        monkeypatch.setenv(name, value)
    async with server:
        try:
            yield asked
        finally:
            over.set()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found", b"HTTP/1.1 403 Forbidden"])
async def test_a_store_that_the_environment_names_is_asked_with_its_login(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    async with bucket(monkeypatch, answer) as asked:
        assert await Objects.open("s3://files/of-ours", folder=Path("unused")).answers()
    assert asked[0].startswith("HEAD /files/of-ours/ready ")
    assert "the-key/" in asked[0]
    assert "/ap-southeast-1/" in asked[0]


async def test_a_folder_is_always_there(tmp_path: Path) -> None:
    assert await Objects.open(None, folder=tmp_path / "objects").answers()


async def test_a_store_that_does_not_answer_makes_the_cloud_not_ready(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    async def ready(objects: Objects) -> tuple[int, bool]:
        context = replace(cloud.context, objects=objects, metrics=Metrics())
        app = _app(context, cloud.readings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as http:
            answer = await http.get("/ready")
        return answer.status_code, answer.json()["parts"]["objects"]

    assert (await ready(cloud.context.objects))[1]
    async with bucket(monkeypatch, b""):
        objects = Objects.open("s3://files/of-ours", folder=Path("unused"))
        assert await ready(objects) == (503, False)
