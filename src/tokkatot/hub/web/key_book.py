"""The keys under which people have asked for something, so that asking again asks nothing new."""

from collections import OrderedDict
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem

MAX_KEYS: Final = 128
MAX_KEY_CHARS: Final = 128

_NAME: Final = "web.keys"
_DIGEST_BYTES: Final = 12

log = structlog.get_logger(__name__)


class _Asked(Struct, frozen=True, array_like=True):
    """A key with its person, what was asked under it, and the id that this was given."""

    key: str
    what: str
    id: UUID


class KeyBook:
    """Remembers the newest keys, also over a restart of the hub."""

    def __init__(self, journal: JournalPort) -> None:
        self._journal = journal
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    async def recall(self) -> None:
        """Know what was asked before the hub was started."""
        try:
            kept = await self._journal.state(_NAME)
            asked = [] if kept is None else _decoder.decode(kept)
        except (JournalError, msgspec.DecodeError) as error:
            log.warning("web.keys_not_known", reason=str(error))
            return
        self._asked = OrderedDict((one.key, one) for one in asked)

    def find(self, person: Person, key: str | None, what: bytes) -> UUID | None:
        """Return the id of what was asked under this key, None where nothing was.

        Raises:
            HubProblem: when something else was, or the key is none.
        """
        if key is None:
            return None
        if len(key) > MAX_KEY_CHARS:
            raise HubProblem("validation_failed", "The Idempotency-Key is too long.")
        before = self._asked.get(_of(person, key))
        if before is None:
            return None
        if before.what != _digest(what):
            raise HubProblem("idempotency_mismatch")
        return before.id

    async def keep(self, person: Person, key: str | None, what: bytes, new_id: UUID) -> None:
        """Remember an id; it is on the disk with whatever is written at once behind it."""
        if key is None:
            return
        asked = _Asked(_of(person, key), _digest(what), new_id)
        self._asked[asked.key] = asked
        if len(self._asked) > MAX_KEYS:
            self._asked.popitem(last=False)
        try:
            await self._journal.keep_state(_NAME, msgspec.json.encode(list(self._asked.values())))
        except JournalError as error:
            log.warning("web.keys_not_kept", reason=error.reason)


_decoder: Final = msgspec.json.Decoder(list[_Asked])


def _of(person: Person, key: str) -> str:
    return _digest(f"{person.user_id} {key}".encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
