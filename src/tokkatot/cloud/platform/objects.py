"""Files of the cloud (images, firmware, models, backups), in a folder or an object store."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError
from obstore.store import LocalStore, ObjectStore, from_url

from tokkatot.cloud.platform.problems import Unavailable

_TIMEOUT_S = 20.0
_NOBODY = "ready"
"""A file that nobody stores."""
MAX_OBJECT_BYTES = 256 * 1024 * 1024


def picture_key(house_id: UUID) -> str:
    """Return where the newest picture of a house's camera lies."""
    return f"pictures/{house_id}/latest.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """A file with what a browser's cache needs."""

    content: bytes
    etag: str
    modified_at: datetime


class Objects:
    """Puts and gets whole files by key."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str | None, *, folder: Path) -> "Objects":
        """Open the store at `url`, or the folder where there is none."""
        if url is None:
            return cls(LocalStore(prefix=folder, mkdir=True))
        return cls(from_url(url))

    async def answers(self) -> bool:
        """Tell whether the store is there; a folder always is."""
        if isinstance(self._store, LocalStore):
            return True
        try:
            await obstore.head_async(self._store, _NOBODY)
        except (FileNotFoundError, PermissionDeniedError):
            # Who may list nothing is told so (403) of a file that is not there.
            return True
        except (BaseError, OSError):
            return False
        return True

    async def put(self, key: str, content: bytes) -> None:
        """Store a file under a key, replacing what was there.

        Raises:
            Unavailable: when the store does not answer.
        """
        assert len(content) <= MAX_OBJECT_BYTES, "larger files are not kept whole in memory"
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await obstore.put_async(self._store, key, content)
        except (BaseError, OSError, TimeoutError) as error:
            raise Unavailable("The file store does not answer.") from error

    async def get(self, key: str) -> StoredObject | None:
        """Return the file under a key, or None where there is none.

        Raises:
            Unavailable: when the store does not answer.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                result = await obstore.get_async(self._store, key)
                content = bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError, TimeoutError) as error:
            raise Unavailable("The file store does not answer.") from error
        meta = result.meta
        modified_at = meta["last_modified"]
        return StoredObject(
            content=content,
            etag=meta["e_tag"] or f'"{len(content)}-{int(modified_at.timestamp())}"',
            modified_at=modified_at,
        )

    async def modified_at(self, key: str) -> datetime | None:
        """Return when the file under a key was stored, or None where there is none.

        Raises:
            Unavailable: when the store does not answer.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                meta = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None
        except (BaseError, OSError, TimeoutError) as error:
            raise Unavailable("The file store does not answer.") from error
        return meta["last_modified"]
