"""What hub.toml says about a simulated house."""

from typing import Annotated

from msgspec import Meta, Struct

from tokkatot.domain.houses import HouseKind


class SimulatedOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which house is simulated; `options` are the house's own, checked by who builds the world."""

    house: HouseKind
    seed: int = 0
    tick_s: Annotated[float, Meta(ge=0.01, le=60)] = 1.0
    options: dict[str, str | int | float | bool | None] = {}
