"""What the models learned from is known again."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.pictures import drawn
from tokkatot.vision.data.photos import DataRefused
from tokkatot.vision.detect.ensemble import SHIPPED
from tokkatot.vision.evaluate.learned import FILE, known_among, read_learned, write_learned
from tokkatot.vision.preprocess.canvas import on_canvas


def test_copies_of_what_was_learned_from_are_known_and_others_are_not(tmp_path: Path) -> None:
    pictures = np.stack([on_canvas(drawn(seed)) for seed in range(6)])
    write_learned(pictures[:4], tmp_path)
    learned = read_learned(tmp_path)
    darker = (pictures * 0.9).astype(np.uint8)

    assert learned is not None
    assert learned.tolist() == sorted(learned.tolist())
    assert known_among(darker, learned) == 4
    assert known_among(pictures[4:], learned) == 0
    assert known_among(pictures[:0], learned) == 0


def test_models_without_a_note_say_nothing_and_a_broken_note_is_refused(tmp_path: Path) -> None:
    assert read_learned(tmp_path) is None
    (tmp_path / FILE).write_bytes(b"five!")
    with pytest.raises(DataRefused, match="holds no fingerprints"):
        read_learned(tmp_path)


def test_the_shipped_models_have_as_many_as_their_card_says() -> None:
    learned = read_learned(SHIPPED)

    assert learned is not None
    card = (SHIPPED / "CARD.md").read_text()
    assert f"{len(learned)} photographs were learned from" in card
