import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from tests.support.pictures import drawn, encoded
from tokkatot.vision.data.fingerprints import NEAR, Pair, components, fingerprint, near_pairs
from tokkatot.vision.preprocess.canvas import on_canvas


def distance(one: Image.Image, other: Image.Image) -> int:
    return (fingerprint(on_canvas(one)) ^ fingerprint(on_canvas(other))).bit_count()


def test_a_picture_that_is_resized_compressed_and_lit_anew_keeps_its_fingerprint() -> None:
    original = drawn(1, width=640, height=480)
    poor = Image.open(io.BytesIO(encoded(original.resize((224, 224)), quality=40)))
    brighter = ImageEnhance.Brightness(original).enhance(1.15)

    assert distance(original, poor) <= NEAR
    assert distance(original, brighter) <= NEAR


def test_different_pictures_differ_in_many_bits() -> None:
    pictures = [drawn(seed) for seed in range(8)]

    nearest = min(distance(one, other) for n, one in enumerate(pictures) for other in pictures[:n])
    assert nearest > 3 * NEAR


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, 20))
@settings(deadline=None)
def test_pairs_are_those_that_comparing_each_with_each_finds(
    hashes: list[int], within: int
) -> None:
    expected = {
        Pair(one=n, other=m)
        for n in range(len(hashes))
        for m in range(n + 1, len(hashes))
        if (hashes[n] ^ hashes[m]).bit_count() <= within
    }

    assert set(near_pairs(np.array(hashes, dtype=np.uint64), within=within)) == expected


def test_pairs_are_found_over_the_borders_of_what_is_compared_at_once() -> None:
    # Far from each other, but for the first and the last.
    random = np.random.default_rng(1)
    hashes = random.integers(0, 2**64, 1100, dtype=np.uint64)
    hashes[-1] = hashes[0]

    assert list(near_pairs(hashes, within=0)) == [Pair(one=0, other=1099)]


@given(st.data())
@settings(deadline=None)
def test_what_is_linked_is_one_component_and_nothing_else_is(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    number = st.integers(0, count - 1)
    links = [
        Pair(one=one, other=other) for one, other in data.draw(st.lists(st.tuples(number, number)))
    ]

    found = components(count, links)

    reached = {n: {n} for n in range(count)}
    for _ in range(count):
        for link in links:
            both = reached[link.one] | reached[link.other]
            reached.update(dict.fromkeys(both, both))
    assert list(found) == [min(reached[n]) for n in range(count)]
