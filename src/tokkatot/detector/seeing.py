"""From a camera to what is told of its photograph."""

import hashlib
import io
from pathlib import Path
from typing import Final

from PIL import Image

from tokkatot.detector.album import Album
from tokkatot.detector.answers import UNKNOWN
from tokkatot.detector.cameras import CameraFailed, take
from tokkatot.kit.clock import Clock
from tokkatot.vision.data.fingerprints import fingerprint
from tokkatot.vision.detect.detector import Detecting, Detector
from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble
from tokkatot.vision.findings import Finding
from tokkatot.vision.preprocess.decoding import OF_NIGHT, PictureRefused, read_shot, thumbnail
from tokkatot.wire.pictures import MAX_THUMBNAIL_BYTES, Detection, Look, Looked, Looks

THUMBNAIL_SIDE: Final = 224
_QUALITIES: Final = (80, 60, 40, 20, 5)
_SMALLER_SIDES: Final = (160, 112, 80)
"""For what is all grain, where the least quality doesn't suffice."""


class Seeing:
    """Takes photographs, judges them and keeps them."""

    def __init__(
        self, detector: Detecting, album: Album, clock: Clock, *, stale_after_s: float
    ) -> None:
        self._detector = detector
        self._album = album
        self._clock = clock
        self._stale_after_s = stale_after_s

    @classmethod
    def open(cls, asked: Looks, clock: Clock) -> "Seeing":
        """Load the models that are asked for, ours where none are.

        Raises:
            ModelRefused: where they are not all there.
        """
        models = SHIPPED if asked.models is None else Path(asked.models)
        album = Album(Path(asked.folder), limit_bytes=asked.limit_bytes)
        detector = Detector(Ensemble.load(models))
        return cls(detector, album, clock, stale_after_s=asked.stale_after_s)

    def look(self, look: Look) -> Looked:
        """Take one photograph, and say what is on it or why nothing can be said."""
        try:
            taken = take(look.camera, self._clock, stale_after_s=self._stale_after_s)
            detection = self.judge(look, taken.data)
        except (CameraFailed, PictureRefused) as refusal:
            return Looked(id=look.id, trouble=str(refusal))
        # What was seen matters more than the picture of it.
        trouble = self._keep(detection, taken.data)
        return Looked(id=look.id, detection=detection, age_ms=taken.age_ms, trouble=trouble)

    def _keep(self, detection: Detection, data: bytes) -> str | None:
        """Return why the photograph is not kept, where it isn't."""
        try:
            kept = self._album.keep(detection.id, data, suspicious=detection.alert)
        except OSError as error:
            return f"not kept: {error.strerror}"
        return None if kept else "not kept: no room"

    def judge(self, look: Look, data: bytes) -> Detection:
        """Return what is on a photograph.

        Raises:
            PictureRefused: where the bytes are no photograph that can be judged.
        """
        shot = read_shot(data, modes=OF_NIGHT)
        verdict = self._detector.judge_canvases([shot.pixels])[0]
        likely = verdict.judged.probabilities
        return Detection(
            id=look.id,
            house=look.camera.house,
            camera=look.camera.name,
            disease=UNKNOWN if verdict.finding is None else verdict.finding.value,
            confidence=_share(verdict.confidence),
            alert=verdict.alert,
            isolate=verdict.isolate,
            healthy=_share(likely[Finding.HEALTHY]),
            coccidiosis=_share(likely[Finding.COCCIDIOSIS]),
            salmonella=_share(likely[Finding.SALMONELLA]),
            newcastle=_share(likely[Finding.NEWCASTLE]),
            no_dropping=_share(verdict.judged.doubt),
            reasons=" ".join(reason.value for reason in verdict.reasons),
            fingerprint=f"{fingerprint(shot.pixels):016x}",
            models=self._detector.version,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            width=shot.width,
            height=shot.height,
            thumbnail=small(data),
        )


def small(data: bytes) -> bytes:
    """Return a photograph as a JPEG that travels with its detection."""
    picture = thumbnail(data, side=THUMBNAIL_SIDE)
    for quality in _QUALITIES:
        jpeg = _jpeg(picture, quality)
        if len(jpeg) <= MAX_THUMBNAIL_BYTES:
            return jpeg
    for side in _SMALLER_SIDES:
        picture.thumbnail((side, side))
        jpeg = _jpeg(picture, _QUALITIES[-1])
        if len(jpeg) <= MAX_THUMBNAIL_BYTES:
            return jpeg
    raise AssertionError("80 x 80 pixels take fewer bytes than that, whatever they are")


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def _share(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)
