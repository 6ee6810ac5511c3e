"""The way to InfluxDB: line protocol in, InfluxQL out, as versions 1 to 3 take them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx
import msgspec
import structlog
from msgspec import Struct

_log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 10.0
PING_TIMEOUT_S: Final = 2.0
LINES_AT_ONCE: Final = 5000
"""As many as its makers advise for one request."""
ROWS_AT_ONCE: Final = 10_000
MAX_CONNECTIONS: Final = 20
_MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Far above one answer of `ROWS_AT_ONCE` rows; a server that sends more is none."""
_MAX_WORDS: Final = 500


class InfluxFailed(ConnectionError):
    """InfluxDB did not answer, or refused; the text is its own words."""


class InfluxRow(Struct, array_like=True):
    """Time in milliseconds since 1970 UTC, value, quality."""

    t_ms: int
    value: float
    quality: int


class _Series(Struct):
    values: list[InfluxRow]
    tags: dict[str, str] = {}


class _Result(Struct):
    series: list[_Series] = []
    error: str | None = None


class _Answer(Struct):
    results: list[_Result] = []
    error: str | None = None


_answers = msgspec.json.Decoder(_Answer)


class Influx:
    """One database of a server, over a bounded pool of connections."""

    def __init__(self, http: httpx.AsyncClient, *, database: str) -> None:
        self._http = http
        self._database = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, database: str, token: str | None) -> "AsyncIterator[Influx]":
        """Make the pool; the first request connects.

        A token with a colon is `LOGIN:PASSWORD`, as version 1 has it.
        """
        login, colon, password = (token or "").partition(":")
        async with httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            auth=(login, password) if colon else None,
            headers={"Authorization": f"Token {token}"} if token and not colon else None,
            trust_env=False,
        ) as http:
            yield cls(http, database=database)

    async def answers(self) -> bool:
        """Tell whether the server is there."""
        try:
            answer = await self._http.get("/ping", timeout=PING_TIMEOUT_S)
        except httpx.HTTPError:
            return False
        return not answer.is_server_error

    async def make_database(self) -> None:
        """Make the database where the version lets us; in others somebody has made it before."""
        try:
            await self.change(f"CREATE DATABASE {quoted(self._database)}")
        except InfluxFailed as error:
            _log.info("influx.database_not_made", reason=str(error))

    async def write(self, lines: Sequence[str]) -> None:
        """Store points, whose times are in milliseconds, durably.

        Raises:
            InfluxFailed: when some may not be stored; to write all of them again does no harm.
        """
        for start in range(0, len(lines), LINES_AT_ONCE):
            body = "\n".join(lines[start : start + LINES_AT_ONCE])
            await self._ask("/write", {"precision": "ms"}, body.encode())

    async def change(self, statement: str) -> None:
        """Run a statement that changes something.

        Raises:
            InfluxFailed: when it was not carried out.
        """
        answer = await self._ask("/query", {"q": statement})
        _check(_decoded(answer.content))

    async def select(self, statement: str) -> AsyncIterator[tuple[str, list[InfluxRow]]]:
        """Yield stretches of rows, each with the value of the one tag that it is grouped by.

        Raises:
            InfluxFailed: when it was not carried out.
        """
        wanted = {"q": statement, "epoch": "ms", "chunked": "true", "chunk_size": str(ROWS_AT_ONCE)}
        try:
            async with self._http.stream("GET", "/query", params=self._named(wanted)) as response:
                if response.is_error:
                    raise _refusal(response, await response.aread())
                async for line in _lines(response):
                    for result in _check(_decoded(line)).results:
                        for series in result.series:
                            (tag,) = series.tags.values()
                            yield tag, series.values
        except httpx.HTTPError as error:
            raise InfluxFailed(f"InfluxDB does not answer: {error!r}") from error

    async def _ask(
        self, path: str, parameters: dict[str, str], body: bytes | None = None
    ) -> httpx.Response:
        try:
            answer = await self._http.post(path, params=self._named(parameters), content=body)
        except httpx.HTTPError as error:
            raise InfluxFailed(f"InfluxDB does not answer: {error!r}") from error
        if answer.is_error:
            raise _refusal(answer, answer.content)
        return answer

    def _named(self, parameters: dict[str, str]) -> dict[str, str]:
        return {"db": self._database, **parameters}


def quoted(name: str) -> str:
    """Return a name as InfluxQL has it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _decoded(line: bytes) -> _Answer:
    try:
        return _answers.decode(line)
    except msgspec.DecodeError as error:
        raise InfluxFailed(f"InfluxDB answers what it should not: {error}") from error


def _check(answer: _Answer) -> _Answer:
    for error in (answer.error, *(result.error for result in answer.results)):
        if error is not None:
            raise InfluxFailed(f"InfluxDB refuses: {error[:_MAX_WORDS]}")
    return answer


def _refusal(response: httpx.Response, body: bytes) -> InfluxFailed:
    words = body[:_MAX_WORDS].decode(errors="replace").strip()
    return InfluxFailed(f"InfluxDB answers {response.status_code}: {words}")


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for part in response.aiter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(rest) > _MAX_LINE_BYTES:
            raise InfluxFailed("InfluxDB answers without an end")
    if rest.strip():
        yield rest
