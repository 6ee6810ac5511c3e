"""Pictures for tests, drawn by seed, and their bytes."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def drawn(seed: int, *, width: int = 160, height: int = 120) -> Image.Image:
    """Return a coloured picture with detail; another seed, another picture."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    noisy = smooth + random.normal(0, 12, smooth.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """Return the bytes of a picture."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def huge_png(side: int) -> bytes:
    """Return a PNG of a few kilobytes that says it is `side` pixels wide and high."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1024), 9)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def huge_jpeg(side: int) -> bytes:
    """Return a small JPEG whose header says that it is `side` pixels wide and high."""
    data = bytearray(encoded(drawn(1)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    return bytes(data)


def scanned_jpeg(side: int, *, scans: int) -> bytes:
    """Return a JPEG of black that isn't progressive, whose scans of 11 bytes hold a colour each."""
    table = b"\x01" + bytes(15) + b"\x00"
    frame = struct.pack(">BHHB", 8, side, side, 3) + b"\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    parts = [
        b"\xff\xd8" + _segment(0xDB, b"\x00" + b"\x01" * 64) + _segment(0xC0, frame),
        *(_segment(0xC4, kind + table) for kind in (b"\x00", b"\x10")),
        *(
            _segment(0xDA, bytes((1, 1 + number % 3, 0, 0, 63, 0))) + b"\x00"
            for number in range(scans)
        ),
    ]
    return b"".join(parts) + b"\xff\xd9"


def write_set(root: Path, classes: dict[str, list[Image.Image]]) -> None:
    """Write a folder for each class."""
    for label, pictures in classes.items():
        (root / label).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            (root / label / f"{number}.png").write_bytes(encoded(picture, "PNG"))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
