"""The policies' process: it decides, and whatever ends it the next question begins anew."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from tests.support.autopilot import POLICY, asked
from tokkatot.hub.autopilot.process import NoDecision, PoliciesProcess


@pytest.fixture
async def policies() -> AsyncIterator[PoliciesProcess]:
    process = PoliciesProcess(within_s=300)
    yield process
    await process.close()


def pid(process: PoliciesProcess) -> int:
    running = process._process
    assert running is not None, "it was asked before"
    return running.pid


async def test_a_policy_steers_once_it_has_settled_and_a_dead_sensor_ends_it(
    policies: PoliciesProcess,
) -> None:
    said = [await policies.decide(asked(number)) for number in range(10)]
    assert [one.refused for one in said] == ["settling"] * 6 + [None] * 4
    shifts = [round(one.shift_k, 3) for one in said]
    assert shifts == [0.0] * 6 + [0.167, 0.333, 0.5, 0.667]
    blind = await policies.decide(asked(10, air_c=None))
    assert (blind.refused, blind.shift_k) == ("sensor", 0.0)


async def test_after_a_kill_the_next_question_begins_with_a_house_that_has_to_settle(
    policies: PoliciesProcess,
) -> None:
    before = [await policies.decide(asked(number)) for number in range(7)]
    assert before[-1].refused is None
    os.killpg(pid(policies), signal.SIGKILL)
    with pytest.raises(NoDecision):
        await policies.decide(asked(7))
    after = await policies.decide(asked(8))
    assert (after.refused, after.shift_k) == ("settling", 0.0)


async def test_in_advise_nothing_moves_and_there_is_advice(policies: PoliciesProcess) -> None:
    said = [await policies.decide(asked(number, mode="advise")) for number in range(8)]
    assert {one.shift_k for one in said} == {0.0}
    assert said[-1].advised_k == 1.0


async def test_a_policy_that_is_none_leaves_the_house_to_its_people(
    policies: PoliciesProcess,
) -> None:
    broken = msgspec.structs.replace(
        asked(0), policy=replace(POLICY, model=b"nothing", sha256="0" * 64)
    )
    said = await policies.decide(broken)
    assert (said.refused, said.shift_k) == ("policy", 0.0)
    assert "is not the model" in (said.trouble or "")


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.exit(3)",
        "import sys; sys.stdin.buffer.readline(); print('a warning of a library', flush=True)",
        "import sys; sys.stdin.buffer.readline(); print('x' * 100_000, flush=True)",
        "import time; time.sleep(60)",
    ],
)
async def test_what_a_process_does_wrong_is_no_decision_and_leaves_nothing(text: str) -> None:
    process = PoliciesProcess((sys.executable, "-c", text), within_s=3)
    with pytest.raises(NoDecision):
        await process.decide(asked(0))
    assert process._process is None


async def test_a_program_that_is_not_there_is_told_of() -> None:
    with pytest.raises(NoDecision, match="broke"):
        await PoliciesProcess(("/nowhere/nothing",)).decide(asked(0))
