"""The description of the API, of an application with one route."""

from enum import StrEnum

import pytest
from fastapi import FastAPI
from msgspec import Struct

from tokkatot.cloud.platform.openapi import describe


class Step(StrEnum):
    """How long the stretches are."""

    DAY = "day"
    HOUR = "hour"


class Speed(Struct):
    """What a struct holds that is called otherwise."""

    step: Step


class Sequence(Struct):
    """What a struct holds whose part is called as the route's enum."""

    steps: tuple["Part", ...]


class Part(Struct, tag="step"):
    """A part of a sequence."""

    run_s: float


Part.__name__ = "Step"


def described(struct: type) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/metrics")
    async def metrics(step: Step) -> str:
        return step

    app.state.structs = {struct.__name__: struct}
    return app


def test_an_enum_that_both_describe_is_one() -> None:
    document = describe(described(Speed), title="t", version="v")

    assert sorted(document["components"]["schemas"]["Step"]["enum"]) == ["day", "hour"]


def test_two_things_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Step is the name of two things"):
        describe(described(Sequence), title="t", version="v")
