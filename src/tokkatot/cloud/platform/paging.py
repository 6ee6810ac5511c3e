"""Pages of a list: an opaque cursor that says where the next one starts."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar, overload

from fastapi import Depends, Query
from pydantic import BaseModel

from tokkatot.cloud.platform.problems import invalid_field

T = TypeVar("T")
V = TypeVar("V")
W = TypeVar("W")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_MAX_CURSOR_CHARS = 512

CursorPart = str | int


class Page(BaseModel, Generic[T]):
    """One page of a list; the next one is asked for with `next_cursor`."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page is wanted: `after` holds the sort key of the last item of the one before."""

    limit: int
    after: tuple[CursorPart, ...] | None

    @overload
    def after_of(self, first: Callable[[str], V], /) -> tuple[V] | None: ...

    @overload
    def after_of(
        self, first: Callable[[str], V], second: Callable[[str], W], /
    ) -> tuple[V, W] | None: ...

    def after_of(self, *kinds: Callable[[str], object]) -> tuple[object, ...] | None:
        """Return the sort key as values of these kinds, one a part.

        Raises:
            Invalid: when the cursor was made for another list.
        """
        if self.after is None:
            return None
        try:
            return tuple(kind(str(part)) for kind, part in zip(kinds, self.after, strict=True))
        except (ValueError, OverflowError):
            raise _bad_cursor() from None


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=_MAX_CURSOR_CHARS)] = None,
) -> PageRequest:
    """Read `limit` and `cursor` of a request."""
    return PageRequest(limit=limit, after=decode_cursor(cursor) if cursor else None)


Paged = Annotated[PageRequest, Depends(page_request)]


def encode_cursor(parts: Sequence[CursorPart]) -> str:
    """Return a sort key as an opaque word."""
    raw = json.dumps(list(parts), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> tuple[CursorPart, ...]:
    """Return the sort key in a cursor.

    Raises:
        Invalid: when it is not one of ours.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise _bad_cursor() from None
    if not isinstance(parts, list) or not all(
        isinstance(part, (str, int)) and not isinstance(part, bool) for part in parts
    ):
        raise _bad_cursor()
    return tuple(parts)


def page_of(
    rows: Sequence[T], request: PageRequest, key: Callable[[T], Sequence[CursorPart]]
) -> tuple[Sequence[T], str | None]:
    """Cut `rows`, read with `limit + 1`, to a page; return it with the next cursor."""
    if len(rows) <= request.limit:
        return rows, None
    page = rows[: request.limit]
    return page, encode_cursor(key(page[-1]))


def _bad_cursor() -> Exception:
    return invalid_field("query.cursor", "bad_cursor", "The cursor is not one of this list.")
