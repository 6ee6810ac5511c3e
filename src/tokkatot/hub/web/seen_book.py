"""What the hub's cameras have seen, in the shape of the cloud's answers."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from itertools import islice
from typing import Final
from uuid import UUID

from tokkatot.domain.ids import FarmId
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.views import iso
from tokkatot.wire.messages import EventRow, MessageError
from tokkatot.wire.pictures import MAX_CAMERAS, Detection, detection_in

MAX_SEEN: Final = 48
"""Of what warned, and of the others: with their small pictures a megabyte. Of the others that is a
day of one camera, and three hours of eight."""
MAX_LASTS: Final = 2 * MAX_CAMERAS
"""Of so many cameras the newest stays, however long ago: those of now, and renamed ones."""

Seen = tuple[int, Detection]
"""A detection, and of when in ms it is."""


class SeenBook:
    """Keeps the newest detections of all houses; those that warned longer.

    What an open alert is about stays, by `needed`, and what each camera saw last.
    """

    def __init__(self, needed: Callable[[], Collection[str]]) -> None:
        self._needed = needed
        self._seen: OrderedDict[UUID, Seen] = OrderedDict()

    def take(self, row: EventRow) -> Json | None:
        """Note a detection; return what pages are told, None where the row is of another make."""
        try:
            seen = detection_in(row.data)
        except MessageError:
            return None
        self._seen[seen.id] = (row.t, seen)
        self._let_go(alert=seen.alert)
        return {
            "id": str(seen.id),
            "house_id": str(seen.house),
            "t": iso(row.t),
            "disease": seen.disease,
            "confidence": seen.confidence,
            "alert": seen.alert,
            "camera": seen.camera,
        }

    def _let_go(self, *, alert: bool) -> None:
        alike = [one.id for _, one in self._seen.values() if one.alert == alert]
        if len(alike) <= MAX_SEEN:
            return
        needed, lasts = self._needed(), self._lasts()
        for oldest in alike[:-MAX_SEEN]:
            if oldest not in lasts and str(oldest) not in needed:
                del self._seen[oldest]

    def _lasts(self) -> frozenset[UUID]:
        """Return what came last from each camera."""
        lasts: dict[tuple[UUID, str], UUID] = {}
        for _, one in reversed(self._seen.values()):
            lasts.setdefault((one.house, one.camera), one.id)
        return frozenset(islice(lasts.values(), MAX_LASTS))

    def of(self, house_id: UUID) -> list[Seen]:
        """Return what was seen in a house, the newest first."""
        found = [seen for seen in self._seen.values() if seen[1].house == house_id]
        return sorted(found, key=lambda seen: (seen[0], seen[1].id), reverse=True)

    def one(self, detection_id: UUID) -> Seen | None:
        """Return a detection that is still known."""
        return self._seen.get(detection_id)


def detection_view(t_ms: int, seen: Detection, farm_id: FarmId, *, has_original: bool) -> Json:
    """Return a detection as the cloud's list has it; what only the cloud knows is empty."""
    path = f"/v1/farms/{farm_id}/detections/{seen.id}"
    return {
        "id": str(seen.id),
        "house_id": str(seen.house),
        "camera": seen.camera,
        "t": iso(t_ms),
        "disease": seen.disease,
        "confidence": seen.confidence,
        "alert": seen.alert,
        "isolate": seen.isolate,
        "probabilities": {
            "healthy": seen.healthy,
            "coccidiosis": seen.coccidiosis,
            "salmonella": seen.salmonella,
            "newcastle": seen.newcastle,
        },
        "no_dropping": seen.no_dropping,
        "reasons": seen.reasons.split(),
        "models": seen.models,
        "picture": f"{path}/picture",
        "original": f"{path}/original" if has_original else None,
        "second_opinion": None,
        "right": None,
        "marked_as": None,
        "marked_by": None,
        "marked_at": None,
        "consent": False,
    }
