"""When photographs of droppings speak of one sick bird, and when of a flock."""

from collections import Counter
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
"""Two photographs whose fingerprints (64 bits) differ by no more show the same dropping: a camera
that stares at it makes one mistake, not twelve, and what is well drowns nothing by being
photographed again. It is sick where most of its photographs say so."""


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
    """Return the disease that enough different droppings show, and how many these are."""
    judged = [one for one in sightings if now_ms - WINDOW_MS < one.t_ms <= now_ms]
    warned = Counter(one.suspects for one in judged if one.suspects is not None)
    if max(warned.values(), default=0) < AGREE:
        return None
    droppings = [_shown(said) for said in _by_dropping(judged)]
    counts = Counter(one for one in droppings if one is not None)
    for disease, count in counts.most_common(1):
        if count >= _enough(len(droppings)):
            return disease, count
    return None


def photos_in_window(every_s: float) -> int:
    """Return how many photographs of one camera the window holds at most."""
    return ceil(WINDOW_MS / 1000 / every_s)


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
    """Return how many of so many different droppings have to agree: more cameras need more."""
    return max(AGREE, ceil(different * AGREE / PHOTOS_IN_WINDOW))


def _by_dropping(judged: Sequence[Sighting]) -> list[list[Disease | None]]:
    """Return what was said of each dropping, photograph by photograph."""
    found: list[tuple[int, list[Disease | None]]] = []
    for one in judged:
        same = (said for mark, said in found if (mark ^ one.fingerprint).bit_count() <= SAME_BITS)
        said = next(same, None)
        if said is None:
            found.append((one.fingerprint, [one.suspects]))
        else:
            said.append(one.suspects)
    return [said for _, said in found]


def _shown(said: Sequence[Disease | None]) -> Disease | None:
    """Return what most photographs of a dropping say: among many looks one may always err."""
    return next((one for one in Disease if 2 * said.count(one) > len(said)), None)
