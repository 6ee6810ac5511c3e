"""What the history routes tell, whole."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from tests.support.people import HouseView, Json
from tokkatot.domain.quantities import Quantity

STRETCH = 4000
"""So many readings, and some more, are answered one by one."""
_MARGIN_MS = 365 * 86_400_000
"""So far beyond the first and the last one is asked, where there should be none."""


async def drawn(
    house: HouseView, device_id: str, quantity: Quantity, expected: Sequence[tuple[int, float]]
) -> list[tuple[int, float]]:
    """Return all readings of a series, in stretches that are short enough to come unsummed."""
    firsts = [t_ms for t_ms, _ in expected[::STRETCH]]
    edges = [firsts[0] - _MARGIN_MS, *firsts[1:], expected[-1][0] + _MARGIN_MS]
    found: list[tuple[int, float]] = []
    for start_ms, end_ms in pairwise(edges):
        asked: dict[str, str | int] = {
            "device": device_id,
            "quantity": quantity,
            "from": iso(start_ms),
            "to": iso(end_ms),
            "points": STRETCH + 1000,
        }
        answer = await house.person.get(f"{house.path}/history", **asked)
        (series,) = answer["series"]
        assert series["truncated"] is False
        found += [(t_ms, value) for t_ms, value, _ in series["points"]]
    return found


async def pages(house: HouseView, leaf: str, **params: str) -> AsyncIterator[Json]:
    """Yield every item of a list of a house."""
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = await house.person.get(f"{house.path}/{leaf}", **params, **more, limit=500)
        for item in page["items"]:
            yield item
        cursor = page["next_cursor"]
        if cursor is None:
            return


def iso(t_ms: int) -> str:
    """Return a time as it is asked for."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).isoformat()


def ms(t: str | int | None) -> int | None:
    """Return a time of an answer."""
    if t is None or isinstance(t, int):
        return t
    return round(datetime.fromisoformat(t).timestamp() * 1000)
