"""Who may turn the set-points of a house beside its people, and by which policy."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

LENT_FOR_S: Final = 1200.0
"""So long turned set-points last that nobody renews."""
LARGEST_SHIFT_K: Final = 3.0
"""So far they are turned at most, whoever asks."""
LEAST_FAN_SHARE: Final = 0.1
"""So small a part of a coop's fans may be lent at least; one of them always runs."""
MAX_POLICY_BYTES: Final = 128 * 1024
"""Model and card: the document that brings them has a limit."""
MAX_POLICIES: Final = 1
"""Of one hub."""


HASH_CHARS: Final = 64
_HEXADECIMAL = frozenset("0123456789abcdef")


@unique
class AutopilotMode(StrEnum):
    """What the policy of a house may do."""

    OFF = "off"
    ADVISE = "advise"
    """It says what it would do; a person accepts or does not."""
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a person has accepted of a policy's advice, and until when.

    `fan_share` is the least part of a coop's fans that run between its limits; without an
    autopilot all of them do.

    Raises:
        ValueError: when it is more than may be turned.
    """

    shift_k: float
    until_ms: int
    fan_share: float = 1.0

    def __post_init__(self) -> None:
        if not LEAST_FAN_SHARE <= self.fan_share <= 1.0:
            raise ValueError(f"fan_share must lie between {LEAST_FAN_SHARE} and 1")
        if not -LARGEST_SHIFT_K <= self.shift_k <= LARGEST_SHIFT_K:
            raise ValueError(f"shift_k must lie within {LARGEST_SHIFT_K} of nought")


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseTwin:
    """What a fit has found of a house: what it is built like, and its parameters by their names.

    Whoever lets a twin live by it checks it: a fit that is none takes no document with it.
    """

    house: str
    equipped: dict[str, float]
    """As its devices are rated."""
    fitted: dict[str, float]
    """As its records tell; they go before what devices say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autopilot:
    """What a house's policy may do; `policy` is the hash of its file.

    `twin` is None where the house was never fitted: then its shield asks the usual one.
    """

    mode: AutopilotMode = AutopilotMode.OFF
    policy: str | None = None
    floor_m2: float | None = None
    accepted: Accepted | None = None
    twin: HouseTwin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy: its card, its model as ONNX, and the hash of that.

    Raises:
        ValueError: when it is larger than a hub takes.
    """

    sha256: str
    card: bytes
    model: bytes

    def __post_init__(self) -> None:
        if len(self.card) + len(self.model) > MAX_POLICY_BYTES:
            raise ValueError(f"a policy has at most {MAX_POLICY_BYTES} bytes")
        if len(self.sha256) != HASH_CHARS or not set(self.sha256) <= _HEXADECIMAL:
            raise ValueError("sha256 is no hash")
