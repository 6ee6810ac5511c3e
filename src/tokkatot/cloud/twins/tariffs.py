"""Tariffs as people send them."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from tokkatot.climate.control.tariff import DEAREST, HOURS

TARIFF: Final = (
    "So many times its price electricity costs in each hour of the farm's day, from midnight on;"
    " left out: the same all day."
)
Factor = Annotated[float, Field(gt=0, le=DEAREST, allow_inf_nan=False)]
ByTheHour = Annotated[list[Factor], Field(min_length=HOURS, max_length=HOURS)]


def _apart(told: object) -> object:
    """Return the parts of a parameter, be they separated by commas or sent one by one."""
    return ",".join(told).split(",") if isinstance(told, list) else told


InOneLine = Annotated[ByTheHour, BeforeValidator(_apart)]
"""Of a query."""
