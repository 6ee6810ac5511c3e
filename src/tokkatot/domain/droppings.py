"""When photographs of droppings speak of one sick bird, and when of a flock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from math import ceil, comb
from typing import Final

HOUR_MS: Final = 3_600_000
PHOTO_EVERY_S: Final = 1800
PHOTOS_PER_MONTH: Final = 30 * 86_400 // PHOTO_EVERY_S

AGREE: Final = 4
"""So many different photographs speak for a flock; false alarms are computed in docs/explanation/
vision.md with `false_alarms`."""
WINDOW_MS: Final = 6 * HOUR_MS
PHOTOS_IN_WINDOW: Final = WINDOW_MS // (PHOTO_EVERY_S * 1000)
SAME_BITS: Final = 10
"""Two photographs whose fingerprints (64 bits) differ by no more show the same droppings: a camera
that stares at one of them makes one mistake, not twelve, and what is well drowns nothing by being
photographed again."""


@unique
class Disease(StrEnum):
    """What droppings can tell of."""

    COCCIDIOSIS = "coccidiosis"
    SALMONELLA = "salmonella"
    NEWCASTLE = "newcastle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A photograph that could be judged; `suspects` None: nothing that warns."""

    t_ms: int
    suspects: Disease | None
    fingerprint: int


def sick_flock(sightings: Iterable[Sighting], *, now_ms: int) -> tuple[Disease, int] | None:
    """Return the disease that enough different photographs agree on, and how many these are."""
    judged = [one for one in sightings if now_ms - WINDOW_MS < one.t_ms <= now_ms]
    counts = {disease: _different(judged, disease) for disease in Disease}
    disease = max(counts, key=lambda one: counts[one])
    if counts[disease] < AGREE:
        return None
    all_of_them = sum(counts.values()) + _different(judged, None)
    return (disease, counts[disease]) if counts[disease] >= _enough(all_of_them) else None


def photos_in_window(every_s: float) -> int:
    """Return how many photographs of one camera the window holds at most."""
    return ceil(WINDOW_MS / 1000 / every_s)


def is_same(one: int, other: int) -> bool:
    """Tell by two fingerprints whether photographs show the same droppings."""
    return (one ^ other).bit_count() <= SAME_BITS


def false_alarms(
    rate: float, *, photos: int = PHOTOS_PER_MONTH, in_window: int = PHOTOS_IN_WINDOW
) -> float:
    """Return how many flock alarms `photos` of a healthy flock raise at most, one after the other.

    `rate` is the share of healthy photographs that warn, all of them of one disease, each a new
    mistake of its own. Counted is every warning that finds enough others in the window before it,
    which holds `in_window` different photographs.
    """
    others = in_window - 1
    too_few = sum(
        comb(others, count) * rate**count * (1 - rate) ** (others - count)
        for count in range(min(_enough(in_window) - 1, in_window))
    )
    return photos * rate * max(1 - too_few, 0.0)


def _enough(different: int) -> int:
    """Return how many of so many different photographs have to agree: more cameras need more."""
    return max(AGREE, ceil(different * AGREE / PHOTOS_IN_WINDOW))


def _different(judged: Sequence[Sighting], suspects: Disease | None) -> int:
    """Count the photographs that say one thing, those of the same droppings once."""
    seen: list[int] = []
    for one in judged:
        if one.suspects is suspects and not any(is_same(one.fingerprint, mark) for mark in seen):
            seen.append(one.fingerprint)
    return len(seen)
