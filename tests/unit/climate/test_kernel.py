"""The compiled equations against the plain ones."""

from dataclasses import astuple

import numpy as np
import pytest

from tests.support import coop
from tests.support.greenhouse import controls, outdoor
from tokkatot.climate.kernel import (
    advance_coops,
    advance_greenhouses,
    live_in_greenhouse,
    record_type,
    records,
    restored,
)
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, Parameters, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS, advance
from tokkatot.climate.physics.poultry import model as coop_model
from tokkatot.climate.physics.poultry.houses import (
    day_old,
    in_lay,
    open_house,
    tunnel_house,
    with_hens,
)
from tokkatot.climate.physics.poultry.step import advance as advance_coop

STEP_S = 900.0

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]


def test_compiled_houses_are_the_plain_ones_to_a_billionth() -> None:
    houses = [
        Parameters(),
        bleiswijk_led(),
        Parameters(side_vent_m2=4000, pad_m3_s=2000, fan_m3_s=2000),
    ]
    plain = [State() for _ in houses]
    plain_books = [Ledger() for _ in houses]
    buffer = [0.0] * network.SIZE
    compiled, books = records(plain), records(plain_books)
    for step in range(24):
        row = [controls(step + house) for house in range(3)]
        sky = [outdoor(step + 5 * house) for house in range(3)]
        advance_greenhouses(
            compiled, records(row), records(sky), records(houses), books, STEP_S, SUBSTEPS
        )
        for state, u, w, p, book in zip(plain, row, sky, houses, plain_books, strict=True):
            advance(state, u, w, p, book, buffer, STEP_S, SUBSTEPS)
    for house in range(3):
        found = astuple(restored(compiled[house], State))
        assert found == pytest.approx(astuple(plain[house]), rel=1e-9)
        told = astuple(restored(books[house], Ledger))
        assert told == pytest.approx(astuple(plain_books[house]), rel=1e-9, abs=1e-9)


def test_a_life_in_one_call_is_the_same_as_step_by_step() -> None:
    house = records([bleiswijk_led()])
    moments = range(48)
    rows = records([controls(step) for step in moments])
    sky = records([outdoor(step) for step in moments])
    trace = np.empty(48, record_type(State))
    at_once, book = records([State()]), records([Ledger()])
    live_in_greenhouse(at_once, rows, sky, house, book, trace, STEP_S, SUBSTEPS)
    stepped, other = records([State()]), records([Ledger()])
    for step in moments:
        now = slice(step, step + 1)
        advance_greenhouses(stepped, rows[now], sky[now], house, other, STEP_S, SUBSTEPS)
        assert trace[step] == stepped[0]
    assert at_once[0] == stepped[0]
    assert book[0] == other[0]


def test_compiled_coops_are_the_plain_ones_to_a_billionth() -> None:
    houses = [tunnel_house(), open_house(), with_hens(open_house())]
    plain = [day_old(20_000), day_old(5000), in_lay(2500)]
    plain_books = [coop_model.Ledger() for _ in houses]
    compiled, books = records(plain), records(plain_books)
    for step in range(24):
        row = [coop.controls(step + house) for house in range(3)]
        sky = [coop.outdoor(step + 5 * house) for house in range(3)]
        advance_coops(compiled, records(row), records(sky), records(houses), books, STEP_S)
        for state, u, w, p, book in zip(plain, row, sky, houses, plain_books, strict=True):
            advance_coop(state, u, w, p, book, STEP_S)
    for house in range(3):
        found = astuple(restored(compiled[house], coop_model.State))
        assert found == pytest.approx(astuple(plain[house]), rel=1e-9)
        told = astuple(restored(books[house], coop_model.Ledger))
        assert told == pytest.approx(astuple(plain_books[house]), rel=1e-9, abs=1e-9)
