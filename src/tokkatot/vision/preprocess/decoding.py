"""Turns the bytes of a photograph into a small picture, whatever the bytes, within limits."""

import io
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from tokkatot.vision.preprocess.canvas import SIDE, Pixels, on_canvas
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.vision.preprocess.scans import STARTS_WITH, first_scan

MAX_PIXELS: Final = 64_000_000
"""Of a JPEG that can be read at an eighth of its size."""
MAX_WHOLE_PIXELS: Final = 16_000_000
"""Of what must be decoded whole: 48 MB as RGB."""
MAX_SCANS: Final = 16
"""Of a JPEG that is decoded whole; each costs time for every pixel, and may be only a few bytes."""
MIN_SIDE: Final = 64

_FORMATS = ("JPEG", "PNG", "WEBP")
COLOURED: Final = frozenset({"RGB", "RGBA", "P", "PA", "RGBX"})
OF_NIGHT: Final = COLOURED | {"L"}
"""Cameras that see by infrared send grey: they work, though nothing can be told of it."""

# Entropy-coded bytes never hold a scan's marker: 0xFF is always followed by a zero there.
_SCAN = re.compile(rb"\xff\xda")


class Refusal(StrEnum):
    """Why a file is not looked at."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    UNKNOWN_FORMAT = "unknown_format"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    ANIMATED = "animated"
    NO_COLOUR = "no_colour"
    DAMAGED = "damaged"


_TEXTS: Final[dict[Refusal, str]] = {
    Refusal.EMPTY: "The file is empty.",
    Refusal.TOO_MANY_BYTES: f"The file is larger than {MAX_BYTES // 2**20} MiB.",
    Refusal.UNKNOWN_FORMAT: "This is no JPEG, PNG or WebP picture.",
    Refusal.TOO_MANY_PIXELS: "The picture has too many pixels.",
    Refusal.TOO_SMALL: f"The picture is smaller than {MIN_SIDE} pixels.",
    Refusal.ANIMATED: "The picture moves; send a single one.",
    Refusal.NO_COLOUR: "The picture has no colours of a camera, and colour is the sign.",
    Refusal.DAMAGED: "The picture is cut off or damaged.",
}


class PictureRefused(Exception):
    """A file that is not looked at; the text is a sentence for a person."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(_TEXTS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A photograph on the canvas, with the size that it had."""

    pixels: Pixels
    width: int
    height: int


def read_shot(data: bytes, *, modes: frozenset[str] = COLOURED) -> Shot:
    """Read a photograph onto the canvas; `modes` are those of Pillow that it may have.

    Raises:
        PictureRefused: where the bytes are no photograph that can be judged.
    """
    picture, (width, height) = _guarded(data, modes)
    return Shot(pixels=on_canvas(picture), width=width, height=height)


def thumbnail(data: bytes, *, side: int) -> Image.Image:
    """Return a photograph made small for people, in its own shape.

    Raises:
        PictureRefused: where the bytes are no photograph of a camera.
    """
    picture, _ = _guarded(data, OF_NIGHT)
    picture.thumbnail((side, side))
    return picture


def _guarded(data: bytes, modes: frozenset[str]) -> tuple[Image.Image, tuple[int, int]]:
    if not data:
        raise PictureRefused(Refusal.EMPTY)
    if len(data) > MAX_BYTES:
        raise PictureRefused(Refusal.TOO_MANY_BYTES)
    try:
        return _read(data, modes)
    except PictureRefused:
        raise
    except Exception as error:  # a decoder of anybody's bytes may fail in any way
        raise PictureRefused(Refusal.DAMAGED) from error


def _read(data: bytes, modes: frozenset[str]) -> tuple[Image.Image, tuple[int, int]]:
    by_rows = _by_rows(data)
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(Refusal.TOO_MANY_PIXELS) from None
    except UnidentifiedImageError:
        raise PictureRefused(Refusal.UNKNOWN_FORMAT) from None
    with picture:
        size = picture.size
        _check(picture, data, by_rows=by_rows)
        if picture.mode not in modes:
            raise PictureRefused(Refusal.NO_COLOUR)
        # An eighth, a quarter or half of a JPEG is decoded in a fraction of the time and memory.
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
        picture.load()
        ImageOps.exif_transpose(picture, in_place=True)
        # What its file says beside the pixels, however long, goes into no other file.
        picture.info.clear()
        return _opaque(picture), size


def _by_rows(data: bytes) -> bool:
    """Tell whether it is a JPEG that need not be kept whole while it is decoded."""
    if not data.startswith(STARTS_WITH):
        return False
    scan = first_scan(data)
    if scan is None:
        raise PictureRefused(Refusal.DAMAGED)
    return scan.is_all


def _check(picture: Image.Image, data: bytes, *, by_rows: bool) -> None:
    """Refuse by the header alone what would cost too much, or can't be judged."""
    width, height = picture.size
    is_jpeg = picture.format in {"JPEG", "MPO"}
    whole = not by_rows or bool(picture.info.get("progressive"))
    if width * height > (MAX_WHOLE_PIXELS if whole else MAX_PIXELS):
        raise PictureRefused(Refusal.TOO_MANY_PIXELS)
    if is_jpeg and whole and len(list(islice(_SCAN.finditer(data), MAX_SCANS + 1))) > MAX_SCANS:
        raise PictureRefused(Refusal.DAMAGED)
    if min(width, height) < MIN_SIDE:
        raise PictureRefused(Refusal.TOO_SMALL)
    # Phones append a depth map or a second exposure to a JPEG: the first picture is the photograph.
    if not is_jpeg and getattr(picture, "is_animated", False):
        raise PictureRefused(Refusal.ANIMATED)


def _opaque(picture: Image.Image) -> Image.Image:
    """Return a picture before grey where it is transparent."""
    if picture.mode in {"RGB", "RGBX"}:
        return picture
    if picture.mode == "L":
        return picture.convert("RGB")
    layered = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (128, 128, 128, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")
