import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.pictures import drawn, encoded, huge_jpeg, huge_png, scanned_jpeg
from tokkatot.vision.preprocess.canvas import SIDE
from tokkatot.vision.preprocess.decoding import MAX_SCANS, PictureRefused, Refusal, read_shot
from tokkatot.vision.preprocess.limits import MAX_BYTES


def refusal_of(data: bytes) -> Refusal:
    with pytest.raises(PictureRefused) as refused:
        read_shot(data)
    return refused.value.reason


def outcome_of(data: bytes) -> object:
    try:
        return read_shot(data).pixels.shape
    except PictureRefused as refused:
        return refused.reason


def a_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("droppings.jpg", encoded(drawn(1)))
    return file.getvalue()


def moving(kind: str) -> bytes:
    frames = [drawn(seed) for seed in range(3)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def many_scans(picture: Image.Image, *, more: int) -> bytes:
    """A progressive JPEG that repeats its last scan, each a pass over all pixels."""
    data = encoded(picture, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * more + data[-2:]


def stuffed(filling: bytes) -> bytes:
    """A photograph with 200 KB that say nothing before it."""
    data = encoded(drawn(1))
    return data[:2] + filling * (200_000 // len(filling)) + data[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photograph_comes_onto_the_canvas_in_its_colours(kind: str) -> None:
    picture = drawn(1, width=640, height=480)

    shot = read_shot(encoded(picture, kind, quality=95))

    expected = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), float)
    assert (shot.width, shot.height) == (640, 480)
    assert shot.pixels.shape == (SIDE, SIDE, 3)
    assert np.abs(shot.pixels - expected).mean() < 4


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photograph_that_its_camera_turned_is_turned_back(orientation: int) -> None:
    upright = drawn(2, width=300, height=200)
    undone = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undone[orientation])

    turned = read_shot(encoded(stored, quality=95, exif=exif)).pixels

    expected = read_shot(encoded(upright, quality=95)).pixels
    assert np.abs(turned.astype(float) - expected).mean() < 4


BAD: dict[str, tuple[bytes, Refusal]] = {
    "nothing": (b"", Refusal.EMPTY),
    "a very large file": (b"\x00" * (MAX_BYTES + 1), Refusal.TOO_MANY_BYTES),
    "a zip with a photograph": (a_zip(), Refusal.UNKNOWN_FORMAT),
    "a GIF": (b"GIF89a" + bytes(100), Refusal.UNKNOWN_FORMAT),
    "a BMP": (encoded(drawn(1), "BMP"), Refusal.UNKNOWN_FORMAT),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.UNKNOWN_FORMAT),
    "a PNG of 400 megapixels": (huge_png(20_000), Refusal.TOO_MANY_PIXELS),
    "a PNG of 144 megapixels": (huge_png(12_000), Refusal.TOO_MANY_PIXELS),
    "a PNG of 25 megapixels": (huge_png(5_000), Refusal.TOO_MANY_PIXELS),
    "a JPEG of 400 megapixels": (huge_jpeg(20_000), Refusal.TOO_MANY_PIXELS),
    "a narrow strip": (encoded(drawn(1, width=40, height=400)), Refusal.TOO_SMALL),
    "CMYK": (encoded(drawn(1).convert("CMYK")), Refusal.NO_COLOUR),
    "a grey JPEG": (encoded(drawn(1).convert("L")), Refusal.NO_COLOUR),
    "a PNG of black and white": (encoded(drawn(1).convert("1"), "PNG"), Refusal.NO_COLOUR),
    "a grey PNG of 16 bits": (encoded(Image.new("I;16", (99, 99)), "PNG"), Refusal.NO_COLOUR),
    "a moving PNG": (moving("PNG"), Refusal.ANIMATED),
    "a moving WebP": (moving("WEBP"), Refusal.ANIMATED),
    "a JPEG cut off": (encoded(drawn(1))[:-900], Refusal.DAMAGED),
    "a PNG cut off": (encoded(drawn(1), "PNG")[:-900], Refusal.DAMAGED),
    "a WebP cut off": (encoded(drawn(1), "WEBP")[:-900], Refusal.DAMAGED),
    "a PNG without its rows": (huge_png(3_000), Refusal.DAMAGED),
    "a JPEG of many passes": (many_scans(drawn(1), more=40), Refusal.DAMAGED),
    "a JPEG of a colour a pass, many times": (scanned_jpeg(160, scans=41), Refusal.DAMAGED),
    "25 megapixels of a colour a pass": (scanned_jpeg(5_000, scans=3), Refusal.TOO_MANY_PIXELS),
    "a JPEG of empty comments": (stuffed(b"\xff\xfe\x00\x02"), Refusal.DAMAGED),
    "a JPEG of marks alone": (stuffed(b"\xff\xd0"), Refusal.DAMAGED),
    "a JPEG of padding": (stuffed(b"\xff"), Refusal.DAMAGED),
    "a JPEG that ends in its head": (encoded(drawn(1))[:300], Refusal.DAMAGED),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_photograph_is_refused_with_its_reason(name: str) -> None:
    data, reason = BAD[name]

    assert refusal_of(data) is reason


def test_every_refusal_says_what_is_wrong_in_a_sentence() -> None:
    assert all(str(PictureRefused(reason)).endswith(".") for reason in Refusal)


def test_what_a_phone_appends_to_a_photograph_is_not_looked_at() -> None:
    first, second = drawn(1), drawn(2)
    both = encoded(first, "MPO", save_all=True, append_images=[second])

    assert np.array_equal(read_shot(both).pixels, read_shot(encoded(first)).pixels)


def test_a_jpeg_of_a_colour_a_pass_is_read() -> None:
    # Cameras make none, and programs that save space do.
    assert read_shot(scanned_jpeg(160, scans=3)).pixels.shape == (SIDE, SIDE, 3)


def test_a_photograph_with_a_preview_a_profile_and_padding_is_read() -> None:
    exif = Image.Exif()
    exif[0x010F] = "x" * 60_000
    data = encoded(drawn(1), exif=exif, icc_profile=bytes(200_000), comment=encoded(drawn(2)))
    padded = data[:2] + b"\xff" * 7 + data[2:]

    assert np.array_equal(read_shot(padded).pixels, read_shot(encoded(drawn(1))).pixels)


def test_what_is_transparent_is_grey() -> None:
    clear = Image.new("RGBA", (200, 200), (255, 0, 0, 0))

    assert set(np.unique(read_shot(encoded(clear, "PNG")).pixels)) == {128}


def test_a_picture_of_a_palette_is_read_in_its_colours() -> None:
    picture = Image.new("RGB", (200, 200), (200, 30, 30)).quantize(4)

    pixels = read_shot(encoded(picture, "PNG")).pixels

    assert np.abs(pixels.astype(int) - (200, 30, 30)).max() < 8


def largest(kind: str) -> bytes:
    """The most pixels that a kind may have, and the most passes over them."""
    clear = Image.new("RGBA", (4000, 4000), (120, 90, 60, 200))
    match kind:
        case "JPEG":
            return encoded(Image.new("RGB", (8000, 8000), (120, 90, 60)))
        case "progressive":
            return many_scans(clear.convert("RGB"), more=MAX_SCANS - 10)
        case "a colour a pass":
            return scanned_jpeg(4000, scans=MAX_SCANS)
        case _:
            return encoded(clear, kind)


@pytest.mark.parametrize(
    ("kind", "most_mb"),
    [
        ("JPEG", 32),  # decoded whole it would take 192 MB; at an eighth it takes 3
        ("progressive", 100),
        ("a colour a pass", 150),
        # What may be transparent is decoded whole, and laid upon grey.
        ("PNG", 300),
        ("WEBP", 450),
    ],
)
def test_the_largest_photographs_cost_limited_memory_and_time(
    kind: str, most_mb: int, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(largest(kind))
    program = (
        "import resource, sys, time\n"
        "from tokkatot.vision.preprocess.decoding import read_shot\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "data = open(sys.argv[1], 'rb').read(); before, began = peak(), time.process_time()\n"
        "read_shot(data); print(peak() - before, time.process_time() - began)"
    )

    # In a child, whose peak is its own.
    done = subprocess.run(
        (sys.executable, "-c", program, path), capture_output=True, text=True, check=True
    )

    memory_kb, processor_s = map(float, done.stdout.split())
    assert memory_kb < most_mb * 1024
    assert processor_s < 10


def test_no_pass_more_is_taken_than_the_largest_has() -> None:
    assert outcome_of(many_scans(drawn(1), more=MAX_SCANS - 10)) == (SIDE, SIDE, 3)
    assert outcome_of(many_scans(drawn(1), more=MAX_SCANS - 9)) is Refusal.DAMAGED


_REAL = tuple(
    encoded(drawn(1), kind, **options)
    for kind, options in (("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}))
)


@given(data=st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        read_shot(data)


@given(
    original=st.sampled_from(_REAL),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), max_size=6),
    kept=st.floats(0.05, 1),
)
@settings(max_examples=120, deadline=None)
def test_a_damaged_photograph_is_read_or_refused(
    original: bytes, edits: list[tuple[float, bytes]], kept: float
) -> None:
    data = bytearray(original)
    for place, written in edits:
        start = int(place * len(data))
        data[start : start + len(written)] = written
    assert outcome_of(bytes(data[: max(int(kept * len(data)), 1)])) in {*Refusal, (SIDE, SIDE, 3)}
