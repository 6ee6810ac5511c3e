"""Has the cloud's own models look at suspicious originals, beside what the hub said of them."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from tokkatot.cloud.detections import originals, service, store
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.detections.judged import Judged, judged_of
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Invalid, Unavailable

EVERY_S: Final = 20.0
AT_ONCE: Final = 20
"""In one round: people's own photographs wait in the same queue."""
NOT_OLDER: Final = timedelta(days=7)
"""An older one helps nobody any more."""

_log = structlog.get_logger(__name__)


class SecondOpinions:
    """One photograph after the other, the newest first; who can't be asked now is asked later."""

    def __init__(self, context: Context, detector: Detector) -> None:
        self._context = context
        self._detector = detector
        self._away: str | None = None

    async def round(self) -> None:
        """Look at what has come since the last round."""
        away = None
        try:
            for _ in range(AT_ONCE):
                if not await self._one():
                    break
        except Unavailable as error:
            away = error.detail
        if away is not None and away != self._away:
            _log.warning("second_opinions.later", reason=away)
        self._away = away

    async def _one(self) -> bool:
        """Look at one photograph; False: there is none.

        Raises:
            Unavailable: when it can't be had, or the detector is away or too busy.
        """
        async with self._context.database.transaction() as tx:
            found = await store.to_ask(tx.session, since=tx.now - NOT_OLDER)
            if found is None:
                return False
            which, size = found.id, found.original_bytes
        said = await self._said(which, size)
        async with self._context.database.transaction() as tx:
            await service.keep_second(tx, which, said)
        return True

    async def _said(self, which: UUID, size: int) -> Judged | None:
        try:
            photograph = b"".join(
                [part async for part in originals.parts(self._context.objects, which, size)]
            )
            return judged_of(await self._detector.judge(photograph))
        except (originals.PartLost, Invalid) as error:
            # The hub could judge it; asking again would not change what is wrong with it here.
            _log.warning("second_opinions.none", detection=str(which), reason=repr(error))
            return None
