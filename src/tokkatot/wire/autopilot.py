"""What a hub asks its policies' process, and what it tells the cloud of a decision."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from tokkatot.domain.autopilot import LEAST_FAN_SHARE, HouseTwin, PolicyFile
from tokkatot.wire.messages import MessageError
from tokkatot.wire.pictures import EventData

DECIDED: Final = "autopilot.decided"
"""The event whose data is a `Decided`."""
EVERY_S: Final = 300.0
"""From one decision to the next."""
MAX_ASKED_BYTES: Final = 256 * 1024
MAX_DECIDED_BYTES: Final = 4 * 1024

Number = Annotated[float, Meta(ge=-1e6, le=1e6)]
Mode = Literal["advise", "auto"]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Shift = Annotated[float, Meta(ge=-10, le=10)]
Share = Annotated[float, Meta(ge=LEAST_FAN_SHARE, le=1)]
"""The least part of a coop's fans that run between its limits."""
Refusal = Literal[
    "policy", "sensor", "astray", "danger", "settling",
    "weather", "unready", "unsupported", "process",
]  # fmt: skip
"""Why the house's own set-points are held: the first five are the shield's, the others the hub's.

Without weather there is no twin, `unready` lacks its floor, its birds or a policy, `unsupported` is
another house than a coop, and `process` is one that gave no answer.
"""


class Inside(Struct, frozen=True, kw_only=True):
    """What the believed instruments of a house show; None where none does."""

    air_c: float | None
    humidity_pct: float | None
    co2_ppm: float | None
    ammonia_ppm: float | None
    age_s: float
    """Of the oldest."""


class Outside(Struct, frozen=True, kw_only=True):
    """What a weather station of the farm shows."""

    air_c: float
    humidity_pct: float
    radiation_w_m2: float
    wind_m_s: float


class Birds(Struct, frozen=True, kw_only=True):
    """The flock, as its people know it."""

    count: int
    age_d: float
    kg: float


class Standing(Struct, frozen=True, kw_only=True):
    """Where a hub's temperature rules stand: between two thresholds the last one passed counts."""

    heating: bool
    venting: bool
    shut: bool
    over_hard_limit: bool
    fan_share: Annotated[float, Meta(ge=0, le=1)] = 1.0


class Asked(Struct, frozen=True, kw_only=True):
    """One decision to be made for one house, at a moment of the hub's monotonic clock.

    `accepted_k` and `accepted_share` are what a person took of the advice, nought and all fans
    where nothing; `fans` is how many fans the house has.
    """

    house: UUID
    at_s: float
    mode: Mode
    policy: PolicyFile
    minimum_c: float
    maximum_c: float
    hard_maximum_c: float
    accepted_k: float
    accepted_share: Share
    fans: Annotated[int, Meta(ge=0, le=1000)]
    inside: Inside
    outside: Outside
    hour: float
    floor_m2: float
    birds: Birds
    twin: HouseTwin | None = None
    ran_share: Annotated[float, Meta(ge=0, le=1)] | None = None
    """The part of its fans that ran since it was asked last, whoever wanted it."""
    standing: Standing | None = None


class Decided(Struct, frozen=True, kw_only=True):
    """What came of it; flat, as the data of an event are.

    `shift_k` is by how much warmer the set-points are held from now on, `fan_share` the least part
    of the fans that run between them; `advised_k` and `advised_share` are what the policy would
    have, None where it has no advice. `foretold_c` is what the twin foretold for now,
    `fitted` whether that twin was the one that was fitted to the house.
    """

    house: UUID
    mode: Mode
    shift_k: Shift = 0.0
    fan_share: Share = 1.0
    sha256: Hash | None = None
    advised_k: Shift | None = None
    advised_share: Share | None = None
    refused: Refusal | None = None
    air_c: Number | None = None
    foretold_c: Number | None = None
    fitted: bool = False
    trouble: Annotated[str, Meta(max_length=200)] | None = None
    """What is wrong with the policy or the fit, for people."""


def event_data(decided: Decided) -> EventData:
    """Return a decision as the data of an event."""
    return msgspec.convert(msgspec.to_builtins(decided), EventData)


def decided_in(data: EventData) -> Decided:
    """Return the decision in the data of an event.

    Raises:
        MessageError: when it is none.
    """
    try:
        return msgspec.convert(data, Decided)
    except msgspec.ValidationError as error:
        raise MessageError(str(error)) from error
