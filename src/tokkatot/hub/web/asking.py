"""What a request holds, read within limits, and answers as JSON."""

import asyncio
from datetime import datetime
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import to_ms

MAX_BODY_BYTES: Final = 8 * 1024
BODY_WITHIN_S: Final = 5.0

_JSON: Final = "application/json"
_Instant = Annotated[datetime, Meta(tz=True)]
S = TypeVar("S", bound=Struct)


async def body_of(request: Request, kind: type[S]) -> S:
    """Read a short body within a short time."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                received += chunk
                if len(received) > MAX_BODY_BYTES:
                    raise HubProblem("body_too_large")
        return msgspec.json.decode(received, type=kind)
    except (TimeoutError, ClientDisconnect):
        raise HubProblem("validation_failed", "The body did not come in time.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HubProblem("validation_failed", str(error)[:300]) from error


def instant(text: str | None, otherwise_ms: int) -> int:
    """Return a time of the query in milliseconds."""
    if text is None:
        return otherwise_ms
    try:
        return to_ms(msgspec.convert(text, _Instant, strict=False))
    except (msgspec.ValidationError, OverflowError):
        raise HubProblem("validation_failed", "A time is to be as in RFC 3339.") from None


def number(text: str | None, otherwise: int, *, at_most: int) -> int:
    """Return a number of the query."""
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or len(text) > 16 or not 0 <= int(text) <= at_most:
        raise HubProblem("validation_failed", f"A number up to {at_most} is wanted.")
    return int(text)


def flag(text: str | None) -> bool:
    """Return a yes or no of the query; what is not there is no."""
    try:
        return text is not None and msgspec.convert(text, bool, strict=False)
    except msgspec.ValidationError:
        raise HubProblem("validation_failed", "It is either true or false.") from None


def answer(body: Json, status: int = 200) -> Response:
    """Answer with an object."""
    return Response(msgspec.json.encode(body), status, media_type=_JSON)


def page_of(items: list[Json]) -> Response:
    """Answer with a list, which is never longer than one page."""
    return answer({"items": items, "next_cursor": None})
