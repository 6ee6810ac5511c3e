"""Readings into bytes and back."""

from base64 import b64decode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cloud.telemetry.blocks import (
    BlockError,
    Columns,
    merge,
    open_block,
    pack,
    unpack,
    unpack_all,
)

T = 1_790_000_000_000
# Readings lie between 2000 and far beyond what any clock will say.
times = st.lists(st.integers(946_684_800_000, 2**43), min_size=1, max_size=60)
values = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-4000, 8500).map(lambda n: n / 100)


def columns(t_ms: list[int], value: list[float], quality: list[int] | None = None) -> Columns:
    return Columns(
        t_ms=np.array(t_ms, np.int64),
        value=np.array(value, np.float64),
        quality=np.array(quality or [0] * len(t_ms), np.uint8),
    )


def rows(block: Columns) -> list[tuple[int, float, int]]:
    return list(zip(block.t_ms.tolist(), block.value.tolist(), block.quality.tolist(), strict=True))


@st.composite
def readings(draw: st.DrawFn) -> list[tuple[int, float, int]]:
    return [(t_ms, draw(values), draw(st.integers(0, 3))) for t_ms in sorted(draw(times))]


@given(readings())
def test_what_is_packed_comes_back_bit_by_bit(some: list[tuple[int, float, int]]) -> None:
    t_ms, value, quality = map(list, zip(*some, strict=True))
    back = unpack(pack(columns(t_ms, value, quality)))
    assert rows(back) == some


@given(readings())
def test_an_open_block_comes_back_in_the_order_in_which_it_came(
    some: list[tuple[int, float, int]],
) -> None:
    shuffled = some[::2] + some[1::2]
    t_ms, value, quality = zip(*shuffled, strict=True)
    assert rows(unpack(open_block(t_ms, value, quality))) == shuffled


@given(st.lists(st.tuples(readings(), st.booleans()), max_size=6))
def test_many_blocks_come_back_as_if_each_were_unpacked_by_itself(
    parts: list[tuple[list[tuple[int, float, int]], bool]],
) -> None:
    bodies = [
        pack(columns(*map(list, zip(*some, strict=True))))
        if packed
        else open_block(*zip(*some, strict=True))
        for some, packed in parts
    ]
    assert rows(unpack_all(bodies)) == rows(merge(map(unpack, bodies)))


def test_good_readings_carry_no_qualities() -> None:
    assert len(open_block([T, T + 1], [1.0, 2.0], [0, 0])) == 1 + 2 * 16
    assert len(open_block([T, T + 1], [1.0, 2.0], [0, 1])) == 1 + 2 * 17


def test_a_steady_sensor_costs_less_than_two_bytes_a_reading() -> None:
    random = np.random.default_rng(1)
    count = 2880
    t_ms = T + np.arange(count) * 30_000 + random.integers(-20, 21, count)
    value = np.round(28 + random.normal(0, 0.2, count), 1)
    block = Columns(t_ms=t_ms, value=value, quality=np.zeros(count, np.uint8))
    assert len(pack(block)) < 2 * count
    assert rows(unpack(pack(block))) == rows(block)


def test_noise_about_a_slow_curve_costs_hardly_more_than_the_noise() -> None:
    random = np.random.default_rng(2)
    count = 2880
    noise = random.normal(0, 0.2, count)
    value = np.round(25 + 5 * np.sin(np.arange(count) / count * 2 * np.pi) + noise, 1)
    block = Columns(
        t_ms=T + np.arange(count) * 30_000, value=value, quality=np.zeros(count, np.uint8)
    )
    # Noise of two steps of a tenth has 0.38 bytes; told by steps, a reading takes 0.50.
    assert len(pack(block)) < 0.48 * count
    assert rows(unpack(pack(block))) == rows(block)


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 129])
def test_a_trend_comes_back_at_every_length(count: int) -> None:
    random = np.random.default_rng(count)
    t_ms = (T + np.arange(count) * 1_000 + random.integers(0, 9, count)).tolist()
    value = (1_000 - np.arange(count) * 3 + random.integers(-9, 9, count)).tolist()
    assert rows(unpack(pack(columns(t_ms, value)))) == rows(columns(t_ms, value))


@pytest.mark.parametrize(
    ("packed", "values"),
    [
        (
            (
                "AggAAAAAbFDEoAEAADV1AAAAAAAAAAACEwAAAHicY+ATF2fUt5ZjgIBXAAmmAbAAAgITAAAAeJxjkZBw0AnJ"
                "6BSAACYAFwcCWAAAARAAAAB4nGNgYGBgZmBgBAAAFQAF"
            ),
            [20.5, 20.6, 20.6, 20.8, 20.7, 20.9, 21.0, -3.25],
        ),
        (
            (
                "AggAAAAAbFDEoAEAADV1AAAAAAAAAAACEwAAAHicY+ATF2fUt5ZjgIBXAAmmAbACAAgrAAAAeJwLZQgN/bd6"
                "9b9QhtDQ/6tW/SdEXzUQZeX/xcRuz8DAwFDPwAAAHT0c1gAAARAAAAB4nGNgYGBgZmBgBAAAFQAF"
            ),
            [n / 3 for n in range(1, 9)],
        ),
    ],
)
def test_a_block_that_an_earlier_version_packed_is_read(packed: str, values: list[float]) -> None:
    times = [0, 30_012, 59_998, 90_003, 120_019, 150_001, 180_000, 240_002]
    block = unpack(b64decode(packed))
    assert rows(block) == [
        (T + t_ms, value, quality)
        for t_ms, value, quality in zip(times, values, [0, 0, 0, 0, 3, 0, 0, 1], strict=True)
    ]


def test_values_that_are_no_short_decimals_keep_every_bit() -> None:
    thirds = [n / 3 for n in range(100)]
    assert unpack(pack(columns(list(range(T, T + 100)), thirds))).value.tolist() == thirds


@given(st.binary(max_size=80))
def test_rubbish_is_no_block(rubbish: bytes) -> None:
    try:
        block = unpack(rubbish)
    except BlockError:
        return
    assert len(rubbish) - 1 in {16 * len(block), 17 * len(block)}


@given(st.data())
def test_a_damaged_block_is_refused_or_as_long_as_it_was(data: st.DataObject) -> None:
    body = bytearray(pack(columns(list(range(T, T + 50)), [20.5] * 50)))
    at = data.draw(st.integers(1, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    try:
        block = unpack(bytes(body))
    except BlockError:
        return
    assert len(block) == 50


def test_a_block_that_promises_more_than_it_holds_fills_no_memory() -> None:
    body = bytearray(pack(columns([T, T + 1], [1.0, 2.0])))
    body[1:5] = (999_999).to_bytes(4, "little")
    with pytest.raises(BlockError, match="damaged"):
        unpack(bytes(body))


def test_an_empty_block_is_never_made() -> None:
    with pytest.raises(BlockError, match="holds 1 to"):
        pack(columns([], []))


def test_blocks_are_merged_by_time_and_equal_times_stay_in_order() -> None:
    merged = merge([columns([T + 2, T + 1], [1, 2]), columns([T + 1, T], [3, 4])])
    assert rows(merged) == [(T, 4, 0), (T + 1, 2, 0), (T + 1, 3, 0), (T + 2, 1, 0)]


def test_a_stretch_begins_with_its_start_and_leaves_out_its_end() -> None:
    block = columns([T, T + 1, T + 2], [1, 2, 3])
    assert rows(block.within(T, T + 2)) == [(T, 1, 0), (T + 1, 2, 0)]
    assert len(block.within(T + 3, T + 9)) == 0
