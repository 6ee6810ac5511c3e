"""Readings of sensors as they are in houses: a beat with jitter, steps of a tenth, some noise."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.kit.clock import to_ms

SENSORS: Final = 20
END: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAY_MS: Final = 86_400_000
_JITTER_MS: Final = 20


def day_of_all(back: int, *, step_ms: int) -> Iterator[tuple[int, Columns]]:
    """Yield a day of each sensor, the days counted back from the end."""
    count = DAY_MS // step_ms
    random = np.random.default_rng((back, step_ms))
    wave = 25 + 5 * np.sin(np.arange(count) / count * 2 * np.pi)
    begin_ms = to_ms(END) - (back + 1) * DAY_MS
    for sensor in range(1, SENSORS + 1):
        yield (
            sensor,
            Columns(
                t_ms=begin_ms
                + np.arange(count) * step_ms
                + random.integers(0, 2 * _JITTER_MS + 1, count),
                value=np.round(wave + random.normal(0, 0.2, count), 1),
                quality=np.zeros(count, np.uint8),
            ),
        )
