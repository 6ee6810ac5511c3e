"""When photographs of droppings speak of one sick bird, and when of a flock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from math import comb
from typing import Final

HOUR_MS: Final = 3_600_000
PHOTO_EVERY_S: Final = 1800
PHOTOS_PER_MONTH: Final = 30 * 86_400 // PHOTO_EVERY_S

AGREE: Final = 4
"""So many different photographs speak for a flock; false alarms are computed in docs/explanation/
vision.md with `false_alarms`."""
WINDOW_MS: Final = 6 * HOUR_MS
PHOTOS_IN_WINDOW: Final = WINDOW_MS // (PHOTO_EVERY_S * 1000)
SHARE: Final = AGREE / PHOTOS_IN_WINDOW
"""Of the photographs that could be judged: more cameras need more that agree."""
SAME_BITS: Final = 10
"""Two photographs whose fingerprints (64 bits) differ by no more show the same droppings: a camera
that stares at one of them makes one mistake, not twelve."""


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
    enough = max(AGREE, SHARE * len(judged))
    return (disease, counts[disease]) if counts[disease] >= enough else None


def false_alarms(rate: float, *, photos: int = PHOTOS_PER_MONTH) -> float:
    """Return how many flock alarms `photos` of a healthy flock raise at most, one after the other.

    `rate` is the share of healthy photographs that warn, all of them of one disease, each a new
    mistake of its own. Counted is every warning that finds enough others in the window before it.
    """
    others = PHOTOS_IN_WINDOW - 1
    too_few = sum(
        comb(others, count) * rate**count * (1 - rate) ** (others - count)
        for count in range(AGREE - 1)
    )
    return photos * rate * max(1 - too_few, 0.0)


def _different(judged: Sequence[Sighting], disease: Disease) -> int:
    """Count the photographs of a disease, those of the same droppings once."""
    seen: list[int] = []
    for one in judged:
        if one.suspects is disease and all(
            (one.fingerprint ^ other).bit_count() > SAME_BITS for other in seen
        ):
            seen.append(one.fingerprint)
    return len(seen)
