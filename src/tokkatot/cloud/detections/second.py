"""Has the cloud's own models look at suspicious originals, beside what the hub said of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from tokkatot.cloud.detections import originals, service, store
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.detections.judged import Judged, judged_of
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Invalid, Problem

EVERY_S: Final = 20.0
AT_ONCE: Final = 20
"""In one round: people's own photographs wait in the same queue."""
NOT_OLDER: Final = timedelta(days=7)
"""An older one helps nobody any more."""
MOST_FAILED: Final = 2
"""In one round: then it is the detector that is away, and no single photograph."""
MOST_ROUNDS: Final = 16
"""For which a photograph waits that nothing could be said of; twice as many after each try."""
MOST_PUT_OFF: Final = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PutOff:
    """A photograph that nothing could be said of yet, and the round until which it waits."""

    tries: int
    until: int


class SecondOpinions:
    """One photograph after the other, the newest first; who can't be asked now is asked later."""

    def __init__(self, context: Context, detector: Detector) -> None:
        self._context = context
        self._detector = detector
        self._away: str | None = None
        self._rounds = 0
        self._put_off: dict[UUID, _PutOff] = {}

    async def round(self) -> None:
        """Look at what has come since the last round."""
        self._rounds += 1
        away, failed = None, 0
        for _ in range(AT_ONCE):
            found = await self._next()
            if found is None:
                break
            which, size = found
            try:
                said = await self._said(which, size)
            except Problem as error:
                # It may be this photograph alone that takes too long, or that a proxy before the
                # detector refuses: the others are asked about.
                self._later(which)
                away, failed = error.detail, failed + 1
                if failed == MOST_FAILED:
                    break
                continue
            self._put_off.pop(which, None)
            async with self._context.database.transaction() as tx:
                await service.keep_second(tx, which, said)
        if away is not None and away != self._away:
            _log.warning("second_opinions.later", reason=away)
        self._away = away

    async def _next(self) -> tuple[UUID, int] | None:
        """Return the newest photograph whose turn it is, with its size in bytes."""
        waiting = [which for which, put in self._put_off.items() if put.until > self._rounds]
        async with self._context.database.transaction() as tx:
            found = await store.to_ask(tx.session, since=tx.now - NOT_OLDER, without=waiting)
            return None if found is None else (found.id, found.original_bytes)

    def _later(self, which: UUID) -> None:
        before = self._put_off.pop(which, None)
        tries = 1 if before is None else before.tries + 1
        waits = min(2**tries, MOST_ROUNDS)
        self._put_off[which] = _PutOff(tries=tries, until=self._rounds + waits)
        if len(self._put_off) > MOST_PUT_OFF:
            del self._put_off[next(iter(self._put_off))]

    async def _said(self, which: UUID, size: int) -> Judged | None:
        """Return what the models say of a photograph; None: nothing, and never will.

        Raises:
            Problem: when it can't be had, or the detector is away, too busy or takes no such file.
        """
        try:
            photograph = b"".join(
                [part async for part in originals.parts(self._context.objects, which, size)]
            )
            return judged_of(await self._detector.judge(photograph))
        except (originals.PartLost, Invalid) as error:
            # The hub could judge it; asking again would not change what is wrong with it here.
            _log.warning("second_opinions.none", detection=str(which), reason=repr(error))
            return None
