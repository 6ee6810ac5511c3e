"""Has the droppings looked at every half hour, and when somebody asks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from tokkatot.domain.droppings import AGREE, photos_in_window
from tokkatot.hub.camera.alerts import DroppingAlerts, Told
from tokkatot.hub.camera.failures import CameraFailures, Known
from tokkatot.hub.camera.originals import SENT
from tokkatot.hub.camera.process import Judging, RoundFailed
from tokkatot.hub.camera.reckoning import Reckoning
from tokkatot.hub.config import PictureSettings
from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.kit.clock import Clock
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import AlertRow, EventRow, Photograph, Row
from tokkatot.wire.pictures import (
    DETECTION,
    MOMENT_AGO,
    NO_CAMERA,
    NO_PICTURE,
    SUSPICIOUS,
    Camera,
    Look,
    Looked,
    Looks,
    event_data,
    not_taken,
)

STATE: Final = "droppings"
CAMERAS: Final = "cameras"
"""Under which the journal keeps what was told."""
FIRST_AFTER_S: Final = 60.0
"""A hub that starts has more urgent things to do."""
LOOKS_UP_EVERY_S: Final = 30.0
ASKED_AT_MOST_EVERY_S: Final = 20.0
MAX_WISHES: Final = 16
"""Of a house, until a round begins."""
STALE_AFTER_S: Final = 3600.0
"""A folder that gets no new picture for so long has a camera that fails."""
PICTURE_TYPES: Final[Mapping[str, str]] = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}

log = structlog.get_logger(__name__)


class Watch:
    """Turns rounds of photographs into rows of the journal."""

    def __init__(
        self,
        settings: PictureSettings,
        *,
        folder: Path,
        judging: Judging,
        journal: JournalPort,
        clock: Clock,
        is_time_good: Callable[[], bool],
        new_id: Callable[[], UUID],
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._judging = judging
        self._journal = journal
        self._clock = clock
        self._new_id = new_id
        self._alerts = DroppingAlerts(new_id=new_id)
        self._reckoning = Reckoning(clock, is_time_good=is_time_good)
        self._asked = Bell()
        self._wanted: dict[UUID, list[UUID]] = {}
        self._newest: UUID | None = None
        self._failures = CameraFailures(new_id=new_id)
        self._rounds = 0
        self._looking: frozenset[UUID] = frozenset()
        self._unwritten: set[UUID] = set()
        self._due_s = clock.monotonic() + FIRST_AFTER_S
        self._looked_s = clock.monotonic() - ASKED_AT_MOST_EVERY_S

    @property
    def houses(self) -> frozenset[UUID]:
        """The houses that have a camera."""
        return frozenset(camera.house for camera in self._settings.cameras)

    @property
    def untold(self) -> frozenset[UUID]:
        """The detections of a round under way, and those whose row may not be on the disk yet."""
        return self._looking | self._unwritten

    def suspicious(self, detection_id: UUID) -> Path | None:
        """Look where a photograph that warned is; the album may have needed its room."""
        # The hub renames what it has sent: that name is looked for last.
        names = (f"{detection_id}{sent}{kind}" for sent in ("", SENT) for kind in PICTURE_TYPES)
        paths = (self._folder / SUSPICIOUS / name for name in names)
        return next((path for path in paths if path.is_file()), None)

    def is_due(self) -> bool:
        """Tell whether it is time for the next round."""
        return self._clock.monotonic() >= self._due_s

    def ask(self, house: UUID, request: UUID) -> bool:
        """Have all cameras take a photograph now; False where they did so a moment ago.

        Where nothing comes of it in the house, that is told, by the id of each request.
        """
        if self._clock.monotonic() - self._looked_s < ASKED_AT_MOST_EVERY_S:
            return False
        wishes = self._wanted.setdefault(house, [])
        if request not in wishes:
            if len(wishes) >= MAX_WISHES:
                return False
            wishes.append(request)
        self._asked.set()
        return True

    def is_asked(self, house: UUID) -> bool:
        """Tell whether somebody has asked for a round of a house that has not begun yet."""
        return house in self._wanted

    def photograph(self, asked: Photograph) -> None:
        """Have a house photographed now, as a person asks through the cloud."""
        if asked.id == self._newest:
            return  # it was sent again
        self._newest = asked.id
        if asked.house not in self.houses:
            self._tell_not_taken(asked.id, asked.house, NO_CAMERA)
        elif not self.ask(asked.house, asked.id):
            self._tell_not_taken(asked.id, asked.house, MOMENT_AGO)

    def too_seldom(self) -> frozenset[UUID]:
        """Return the houses with too few photographs in a window ever to speak of a flock."""
        each = photos_in_window(self._settings.every_s + LOOKS_UP_EVERY_S)
        photos = Counter(camera.house for camera in self._settings.cameras)
        return frozenset(house for house, cameras in photos.items() if cameras * each < AGREE)

    async def run(self) -> None:
        """Look until cancelled."""
        for house in self.too_seldom():
            log.warning("camera.looks_too_seldom_for_a_flock", house=str(house))
        try:
            self._alerts.recall(await self._journal.state(STATE))
            self._failures.recall(await self._journal.state(CAMERAS))
        except JournalError as error:
            log.warning("camera.not_recalled", reason=error.reason)
        self._reckoning.go_on_from(self._alerts.newest_ms())
        while True:
            asked = await self._asked.set_within(LOOKS_UP_EVERY_S)
            if asked or self.is_due():
                self._asked.clear()
                await self._answer()
            await self._settle()
            known = self._known()
            over = self._dated(self._alerts.over(t_ms=self._reckoning.now_ms()))
            gone = self._failures.gone(self._settings.cameras, t_ms=self._clock.now_ms())
            await self._tell([*over, *gone], known)

    async def _answer(self) -> None:
        """Do one round, and tell those who asked for it and get nothing to see."""
        wanted, self._wanted = self._wanted, {}
        seen = await self.look()
        await self._settle()
        for house, wishes in wanted.items():
            for request in wishes if house not in seen else ():
                self._tell_not_taken(request, house, NO_PICTURE)

    async def look(self) -> frozenset[UUID]:
        """Do one round, and return the houses of which something was seen."""
        now_s = self._clock.monotonic()
        self._looked_s, self._due_s = now_s, now_s + self._settings.every_s
        looks = [Look(id=self._new_id(), camera=one) for one in self._turned()]
        self._looking = frozenset(look.id for look in looks)
        try:
            return await self._looked(looks)
        finally:
            self._looking = frozenset()

    async def _looked(self, looks: Sequence[Look]) -> frozenset[UUID]:
        cameras = {look.id: look.camera for look in looks}
        try:
            answered = await self._judging.round(self._round(looks))
        except RoundFailed as failed:
            answered = [Looked(id=look.id, trouble=failed.reason) for look in looks]
        t_ms = self._clock.now_ms()
        seen: set[UUID] = set()
        for looked in answered:
            camera = cameras.pop(looked.id, None)
            if camera is not None:
                await self._take(looked, camera, t_ms)
                if looked.detection is not None:
                    seen.add(camera.house)
        for camera in cameras.values():
            await self._fail(camera, "the models' process ended before", t_ms)
        return frozenset(seen)

    def _turned(self) -> tuple[Camera, ...]:
        """Return the cameras, another one first each round: a slow one takes others' time."""
        cameras = self._settings.cameras
        first = self._rounds % max(len(cameras), 1)
        self._rounds += 1
        return cameras[first:] + cameras[:first]

    def _round(self, looks: Sequence[Look]) -> Looks:
        models = self._settings.models
        return Looks(
            folder=str(self._folder),
            limit_bytes=self._settings.limit_bytes,
            # What came since the last round is new, however long that was ago.
            stale_after_s=max(STALE_AFTER_S, 2 * self._settings.every_s),
            models=None if models is None else str(models),
            looks=tuple(looks),
        )

    async def _take(self, looked: Looked, camera: Camera, t_ms: int) -> None:
        if looked.detection is None:
            await self._fail(camera, looked.trouble or "no answer", t_ms)
            return
        known = self._known()
        if looked.trouble is not None:
            log.warning("camera.picture_not_kept", camera=camera.name, reason=looked.trouble)
        taken_ms = t_ms - looked.age_ms
        rows: list[Row] = [EventRow(0, "e", taken_ms, DETECTION, event_data(looked.detection))]
        rows.extend(self._failures.works(camera, t_ms=t_ms))
        told = self._alerts.take(looked.detection, t_ms=self._reckoning.now_ms())
        rows.extend(self._dated(told))
        # What there is no room for in memory the cloud never hears of: no use in keeping it back.
        if await self._tell(rows, known):
            self._unwritten.add(looked.id)

    async def _settle(self) -> None:
        """Wait until the disk has what was seen; without it the next turn tries again."""
        if not self._unwritten:
            return
        try:
            await self._journal.record(urgent=True)
        except JournalError as error:
            log.warning("camera.not_written", reason=error.reason)
        else:
            self._unwritten.clear()

    async def _fail(self, camera: Camera, reason: str, t_ms: int) -> None:
        """Tell of a camera that gives nothing."""
        known = self._known()
        await self._tell(self._failures.failed(camera, reason, t_ms=t_ms), known)

    def _dated(self, rows: Sequence[AlertRow]) -> list[AlertRow]:
        """Return rows with the hub's own wall time, by which it dates all it tells."""
        t_ms = self._clock.now_ms()
        return [msgspec.structs.replace(row, t=t_ms) for row in rows]

    def _known(self) -> tuple[Told, Known]:
        """Return what people have been told by now."""
        return self._alerts.told(), self._failures.known()

    def _tell_not_taken(self, request: UUID, house: UUID, reason: str) -> None:
        row = not_taken(request, house, reason, self._clock.now_ms())
        self._journal.offer(events=[row], urgent=True)

    async def _tell(self, rows: Sequence[Row], known: tuple[Told, Known]) -> bool:
        """Record rows, and behind them what was told; without room the next round says it anew."""
        if not rows:
            return True
        if not self._journal.offer(events=rows, urgent=True):
            told, failures = known
            self._alerts.untell(told)
            self._failures.untell(failures)
            return False
        try:
            await self._journal.keep_state(STATE, self._alerts.encode())
            await self._journal.keep_state(CAMERAS, self._failures.encode())
        except JournalError as error:
            log.warning("camera.not_kept", reason=error.reason)
        return True
