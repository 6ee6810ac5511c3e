from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.support.pictures import drawn
from tokkatot.vision.preprocess.canvas import Pixels, on_canvas
from tokkatot.vision.preprocess.decoding import read_shot
from tokkatot.vision.preprocess.quality import Fault, quality_of

GOOD = on_canvas(drawn(1))


def scaled(pixels: Pixels, factor: float, offset: float = 0) -> Pixels:
    return np.asarray(np.clip(pixels * factor + offset, 0, 255), np.uint8)


def blurred(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(6)))


def grey(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def test_a_good_picture_has_no_fault() -> None:
    assert quality_of(GOOD).faults == ()


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (scaled(GOOD, 0.1), Fault.DARK),
        (scaled(GOOD, 0.1, 230), Fault.BRIGHT),
        (blurred(GOOD), Fault.BLURRED),
        (grey(GOOD), Fault.COLOURLESS),
    ],
    ids=["dark", "bright", "blurred", "colourless"],
)
def test_what_is_wrong_with_a_picture_is_named(pixels: Pixels, fault: Fault) -> None:
    assert fault in quality_of(pixels).faults


@pytest.mark.shared_data
def test_photographs_of_droppings_have_no_fault(shared_data: Path) -> None:
    paths = sorted((shared_data / "vision").glob("*/*.jpg"))[::40]
    faulty = [path for path in paths if quality_of(read_shot(path.read_bytes()).pixels).faults]

    assert len(paths) > 100
    assert len(faulty) <= len(paths) * 0.02
