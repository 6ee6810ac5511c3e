"""Decides about detections: which are kept, and what people's marks make of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from tokkatot.cloud.detections import store
from tokkatot.cloud.detections.judged import Judged
from tokkatot.cloud.detections.model import Detection, Told
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import NotFound, invalid_field
from tokkatot.cloud.telemetry.intake import credible, storable
from tokkatot.domain.ids import FarmId, HouseId, HubId, UserId
from tokkatot.kit.clock import to_rfc3339
from tokkatot.wire import pictures
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow, MessageError

PICTURES_KEPT: Final = timedelta(days=90)
"""Of what was neither suspicious nor marked."""
PROBABLE: Final = (Told.HEALTHY, Told.COCCIDIOSIS, Told.SALMONELLA, Told.NEWCASTLE)


async def take_row(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: EventRow
) -> RefusedRow | None:
    """Keep what a hub has seen; return the row where it can't be so."""
    try:
        seen = pictures.detection_in(row.data)
    except MessageError:
        return _refused(row, "bad_detection")
    if not await _has_house(tx, farm_id, seen.house):
        return _refused(row, "unknown_house")
    detection = Detection(
        id=seen.id,
        farm_id=farm_id,
        house_id=seen.house,
        hub_id=hub_id,
        camera=storable(seen.camera),
        # A hub whose clock is wrong still says what is wrong in its house.
        t=credible(row.t, now=tx.now) or tx.now,
        disease=Told(seen.disease),
        confidence=seen.confidence,
        alert=seen.alert,
        isolate=seen.isolate,
        probabilities={word.value: getattr(seen, word.value) for word in PROBABLE},
        no_dropping=seen.no_dropping,
        reasons=seen.reasons.split(),
        models=storable(seen.models),
        sha256=seen.sha256,
        thumbnail=seen.thumbnail,
        consent=False,
    )
    # A hub that was restored tells again what is here already.
    if await tx.session.get(Detection, seen.id) is None:
        tx.session.add(detection)
        _tell(tx, detection)
    return None


async def keep_sent(
    tx: Transaction, access: FarmAccess, house_id: HouseId, sent: Judged
) -> Detection:
    """Keep what a person's photograph shows."""
    detection = Detection(
        id=tx.new_id(),
        farm_id=access.farm_id,
        house_id=house_id,
        sent_by=access.caller.user_id,
        t=tx.now,
        disease=sent.disease,
        confidence=sent.confidence,
        alert=sent.alert,
        isolate=sent.isolate,
        probabilities=dict(sent.probabilities),
        no_dropping=sent.no_dropping,
        reasons=sent.reasons,
        models=sent.models,
        sha256=sent.sha256,
        thumbnail=sent.thumbnail,
        consent=False,
    )
    tx.session.add(detection)
    _tell(tx, detection)
    return detection


async def keep_second(tx: Transaction, detection_id: UUID, said: Judged | None) -> None:
    """Keep what the cloud's models say beside what the hub said, which stays as it is.

    None: they could say nothing. Of two processes that have looked, the first one's word holds.
    """
    detection = await store.locked(tx.session, detection_id)
    if detection.second_at is not None:
        return
    detection.second_at = tx.now
    if said is None:
        return
    detection.second_opinion = {
        "disease": said.disease.value,
        "confidence": said.confidence,
        "alert": said.alert,
        "probabilities": said.probabilities,
        "no_dropping": said.no_dropping,
        "reasons": said.reasons,
        "models": said.models,
    }
    _tell(tx, detection, "detection.changed")


async def detection_in(tx: Transaction, farm_id: FarmId, detection_id: UUID) -> Detection:
    """Return a detection of the farm.

    Raises:
        NotFound: when the farm has no such detection.
    """
    found = await store.one(tx.session, farm_id, detection_id)
    if found is None:
        raise NotFound("detection")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a person says of a detection; `disease` is what it really is, if they know."""

    right: bool
    disease: Told | None
    consent: bool


async def mark(
    tx: Transaction, access: FarmAccess, detection_id: UUID, mark: Mark, *, origin: Origin
) -> Detection:
    """Keep what a person says of a detection, in place of what was said before.

    Raises:
        NotFound: when the farm has no such detection.
        Invalid: when it contradicts itself.
    """
    detection = await detection_in(tx, access.farm_id, detection_id)
    if not mark.right and mark.disease is detection.disease:
        raise invalid_field("body.disease", "same", "That is what it said: is it right, then?")
    known = detection.disease if mark.right else mark.disease
    detection.right = mark.right
    # That it can't be told is no label to learn from.
    detection.marked_as = None if known is Told.UNKNOWN else known
    detection.marked_by, detection.marked_at = access.caller.user_id, tx.now
    detection.consent = mark.consent
    audit.record(
        tx,
        "detection.marked",
        farm_id=access.farm_id,
        house_id=detection.house_id,
        user_id=UserId(access.caller.user_id),
        data={
            "detection": str(detection.id),
            "disease": detection.disease.value,
            "right": mark.right,
            "consent": mark.consent,
        },
        origin=origin,
    )
    _tell(tx, detection, "detection.changed")
    return detection


def _tell(tx: Transaction, detection: Detection, what: str = "detection.new") -> None:
    """Tell the farm's screens."""
    tx.emit(
        FarmId(detection.farm_id),
        what,
        {
            "id": str(detection.id),
            "house_id": str(detection.house_id),
            "t": to_rfc3339(detection.t),
            "disease": detection.disease.value,
            "confidence": detection.confidence,
            "alert": detection.alert,
            "camera": detection.camera,
        },
    )


async def _has_house(tx: Transaction, farm_id: FarmId, house_id: UUID) -> bool:
    found = await tx.session.scalar(
        text("SELECT EXISTS (SELECT FROM houses WHERE id = :house AND farm_id = :farm)"),
        {"house": house_id, "farm": farm_id},
    )
    return bool(found)


def _refused(row: EventRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
