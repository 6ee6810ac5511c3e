"""Keeps suspicious photographs as the camera made them, in the parts in which they come."""

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import structlog

from tokkatot.cloud.detections import store
from tokkatot.cloud.detections.model import Detection
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.objects import Objects
from tokkatot.wire.pictures import Kept, Original
from tokkatot.wire.topics import HubTopic

_log = structlog.get_logger(__name__)

_TYPES = ((b"\xff\xd8", "image/jpeg"), (b"\x89PNG", "image/png"))


class PartLost(Exception):
    """A part that was kept is not there."""


async def take(context: Context, topic: HubTopic, part: Original) -> Kept:
    """Keep a part, and say from where on more is wanted; a repeated part changes nothing.

    Raises:
        Unavailable: when the files can't be reached.
    """
    no_more = Kept(id=part.id, through=part.size)
    async with context.database.transaction() as tx:
        found = await store.told_by(tx.session, topic.farm_id, topic.hub_id, part.id)
        if found is None or not found.alert or found.original_is_whole:
            return no_more
        at = found.original_bytes
    if part.at != at:
        return Kept(id=part.id, through=at)
    if part.through > part.size:
        return no_more
    await context.objects.put(_key(part.id, at), part.data)
    through = part.through
    is_whole = through == part.size
    if is_whole and not await _is_the_one(context.objects, found, through):
        _log.warning("originals.another_file", detection=str(part.id))
        through, is_whole = 0, False
    async with context.database.transaction() as tx:
        await store.note_original(tx.session, part.id, kept=through, is_whole=is_whole)
    return no_more if part.through == part.size else Kept(id=part.id, through=through)


async def parts(objects: Objects, detection_id: UUID, size: int) -> AsyncIterator[bytes]:
    """Return a photograph part by part.

    Raises:
        PartLost: when one is not there.
        Unavailable: when the files can't be reached.
    """
    at = 0
    while at < size:
        part = await objects.get(_key(detection_id, at))
        if part is None or not part.content:
            raise PartLost
        yield part.content
        at += len(part.content)


def media_type(start: bytes) -> str:
    """Return what kind of picture begins so."""
    return next((kind for magic, kind in _TYPES if start.startswith(magic)), "image/webp")


async def _is_the_one(objects: Objects, detection: Detection, size: int) -> bool:
    """Tell whether what came is the file that the models looked at."""
    digest = hashlib.sha256()
    try:
        async for part in parts(objects, detection.id, size):
            digest.update(part)
    except PartLost:
        return False
    return digest.hexdigest() == detection.sha256


def _key(detection_id: UUID, at: int) -> str:
    return f"detections/{detection_id}/{at}"
