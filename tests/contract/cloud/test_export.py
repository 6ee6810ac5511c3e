"""Readings as files: every reading once, wherever it lies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import httpx
import pytest

from tests.support.cloud import Person
from tests.support.files import readings_in
from tests.support.house import House
from tokkatot.cloud.main import web_server
from tokkatot.cloud.telemetry import export, export_api
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.formats import Format
from tokkatot.kit.clock import from_ms, to_rfc3339
from tokkatot.webapp.listening import listen_on

MINUTE = 60_000


async def exported(house: House, query: str, *, status: int = 200) -> httpx.Response:
    answer = await house.cloud.http.get(
        f"{house.farm_url}/reports/export?{query}", headers=house.owner.headers
    )
    assert answer.status_code == status, answer.text
    return answer


async def test_a_file_has_every_reading_once_whether_sealed_open_or_late(house: House) -> None:
    start_ms = house.now_ms - 12_000 * MINUTE
    for at in range(0, 3000, 500):
        rows = [
            house.yard.reading(n + 1, start_ms + 4 * n * MINUTE, 20 + n / 100)
            for n in range(at, at + 500)
        ]
        await house.send("readings", rows, at + 1)
    damp = house.yard.reading(3001, house.now_ms - 1, 55.5, quantity="relative_humidity")
    await house.send("readings", [damp], 3001)
    await fold(house.cloud.context.database, house.cloud.readings, now=house.cloud.clock.now())
    late = house.yard.reading(3002, start_ms + 1, 3.5)
    await house.send("readings", [late], 3002)
    expected = sorted(
        [(start_ms + 4 * n * MINUTE, 20 + n / 100) for n in range(3000)] + [(start_ms + 1, 3.5)]
    )
    since = f"from={to_rfc3339(from_ms(start_ms))}"
    for format_ in Format:
        answer = await exported(house, f"format={format_.value}&{since}")
        assert f'.{format_.value}"' in answer.headers["content-disposition"]
        found = readings_in(format_, answer.content)
        sensor = str(house.yard.sensor)
        air, damp_found = found[sensor, "temperature"], found[sensor, "relative_humidity"]
        assert [(round(t.timestamp() * 1000), value) for t, value, _ in air] == expected
        assert [value for _, value, _ in damp_found] == [55.5]


async def test_a_file_has_what_was_asked_for_alone(house: House) -> None:
    await house.minutes([20.0, 21.0, 22.0, 23.0])
    at = [to_rfc3339(from_ms(house.now_ms - minutes * MINUTE)) for minutes in (2, 0)]
    answer = await exported(house, f"format=json&from={at[0]}&to={at[1]}&quantity=temperature")
    (rows,) = readings_in(Format.JSON, answer.content).values()
    assert [value for _, value, _ in rows] == [21, 22]
    other = await exported(house, "format=json&quantity=co2")
    assert readings_in(Format.JSON, other.content) == {}
    elsewhere = await exported(house, f"format=json&house={house.yard.farm_id}")
    assert readings_in(Format.JSON, elsewhere.content) == {}


async def test_a_file_that_would_hold_too_much_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.minutes([20.0] * 20)
    monkeypatch.setattr(export, "MAX_READINGS", 10)
    answer = await exported(house, "", status=422)
    assert answer.json()["errors"][0]["code"] == "too_much"
    long_ago: datetime = house.cloud.clock.now() - timedelta(days=5000)
    answer = await exported(house, f"from={to_rfc3339(long_ago)}", status=422)
    assert answer.json()["errors"][0]["code"] == "too_long"


async def test_a_file_beyond_those_that_are_made_is_asked_for_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 0)
    answer = await exported(house, "", status=503)
    assert answer.headers["retry-after"] == str(export.RETRY_AFTER_S)


@asynccontextmanager
async def served(house: House) -> AsyncIterator[int]:
    """Serve the application on a real socket; yield its port."""
    with listen_on("127.0.0.1", 0) as listening:
        server = web_server(house.cloud.app, house.cloud.context.settings)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            await serving


async def begin_and_stop_reading(house: House, port: int, person: Person) -> asyncio.StreamWriter:
    """Ask for a file and take no more than its first bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    head = f"Host: cloud.test\r\nAuthorization: {person.headers['Authorization']}"
    writer.write(f"GET {house.farm_url}/reports/export HTTP/1.1\r\n{head}\r\n\r\n".encode())
    assert (await reader.readline()).split()[1] == b"200"
    return writer


def kept_limits(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Timeout]:
    """Give pieces a time that no test waits for, and keep it for `let_run_out`."""
    limits: list[asyncio.Timeout] = []
    timeout, long_s = asyncio.timeout, 12_345.0

    def kept(delay_s: float | None) -> asyncio.Timeout:
        limit = timeout(delay_s)
        if delay_s == long_s:
            limits.append(limit)
        return limit

    monkeypatch.setattr(export, "PIECE_TIMEOUT_S", long_s)
    monkeypatch.setattr(asyncio, "timeout", kept)
    return limits


def let_run_out(limits: list[asyncio.Timeout]) -> None:
    for limit in limits:
        with suppress(RuntimeError):  # most pieces were taken long ago
            limit.reschedule(asyncio.get_running_loop().time())


async def test_who_takes_nothing_of_a_file_leaves_its_place_to_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(*_: object) -> AsyncIterator[bytes]:
        while True:
            yield b"x" * export.PIECE_BYTES

    monkeypatch.setattr(export_api, "written", endless)
    limits = kept_limits(monkeypatch)
    farm_id = house.yard.farm_id
    lazy = [await house.cloud.member(house.owner, farm_id, "viewer") for _ in range(2)]
    async with served(house) as port, httpx.AsyncClient() as client, asyncio.timeout(120):
        writers = [await begin_and_stop_reading(house, port, person) for person in lazy]
        url = f"http://127.0.0.1:{port}{house.farm_url}/reports/export"
        async with client.stream("GET", url, headers=lazy[0].headers) as second:
            assert second.status_code == 409
        async with client.stream("GET", url, headers=house.owner.headers) as third:
            assert third.status_code == 503
        status = 503
        while status != 200:
            let_run_out(limits)
            async with client.stream("GET", url, headers=house.owner.headers) as third:
                status = third.status_code
            await asyncio.sleep(0.02)
        for writer in writers:
            writer.close()
