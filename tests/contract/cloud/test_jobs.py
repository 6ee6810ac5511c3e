"""Jobs in their queue: done once, cancelled, given back, taken over, and never too many."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.cloud import START, Cloud, Person, cloud_over
from tests.support.jobs import (
    HANGS,
    KIND,
    WrittenKind,
    at_work,
    runs,
    stored,
    until,
    worker,
)
from tests.support.proc import Seen, descendants
from tests.support.still_clock import StillClock
from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.jobs import service
from tokkatot.cloud.jobs.model import Job, JobState, Trouble
from tokkatot.cloud.jobs.store import claim
from tokkatot.cloud.jobs.worker import HELD_FOR, MOST_TRIES, SAYS_EVERY_S
from tokkatot.cloud.main import clean
from tokkatot.cloud.platform.problems import RateLimited, Unavailable
from tokkatot.domain.ids import FarmId, HouseId, SessionId, UserId
from tokkatot.domain.people import RIGHTS, MemberRole

GONE_S = HELD_FOR.total_seconds() + 1


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ends has its time to give its job back."""
    monkeypatch.setattr("tokkatot.cloud.jobs.worker._GIVES_BACK_WITHIN_S", 60.0)


@dataclass
class Queue:
    """A farm that asks for jobs."""

    cloud: Cloud
    owner: Person
    access: FarmAccess
    house_id: HouseId

    async def ask(self, number: int = 1) -> UUID:
        async with self.cloud.context.database.transaction() as tx:
            job = await service.ask(tx, self.access, self.house_id, KIND, {"number": number})
            return job.id

    async def cancel(self, job_id: UUID) -> int:
        answer = await self.cloud.http.delete(f"/v1/jobs/{job_id}", headers=self.owner.headers)
        return answer.status_code


@pytest.fixture
async def queue(postgres_url: str, tmp_path: Path) -> AsyncIterator[Queue]:
    async with cloud_over(postgres_url, tmp_path, clock=StillClock(START)) as cloud:
        owner, farm = await cloud.sign_up()
        house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "C", "kind": "coop"}, owner)
        access = FarmAccess(
            farm_id=FarmId(farm),
            caller=Caller(
                user_id=UserId(owner.user_id),
                session_id=SessionId(owner.user_id),
                name="Owner",
                is_staff=False,
            ),
            role="owner",
            rights=RIGHTS[MemberRole.OWNER],
        )
        yield Queue(cloud, owner, access, HouseId(UUID(house["id"])))


async def test_a_job_is_done_by_a_program_and_shows_what_came_of_it(queue: Queue) -> None:
    job = await queue.ask(21)
    waits = await queue.cloud.get(f"/v1/jobs/{job}", queue.owner)
    assert (waits["state"], waits["progress"], waits["result"]) == ("queued", 0.0, None)

    assert await worker(queue.cloud, WrittenKind()).do_next()

    done = await queue.cloud.get(f"/v1/jobs/{job}", queue.owner)
    assert (done["state"], done["progress"]) == ("completed", 1.0)
    assert done["result"] == {"asked": "so", "twice": 42}
    assert not await worker(queue.cloud, WrittenKind()).do_next()


async def test_workers_at_once_do_each_job_once_and_the_oldest_first(queue: Queue) -> None:
    kind = WrittenKind()
    jobs = [await queue.ask(number) for number in range(service.MOST_OF_FARM)]

    async with asyncio.TaskGroup() as group:
        for _ in range(len(jobs)):
            group.create_task(worker(queue.cloud, kind).do_next())

    assert sorted(kind.taken) == sorted(jobs)
    results = [(await stored(queue.cloud, job)).result for job in jobs]
    assert [one and one["twice"] for one in results] == [0, 2, 4, 6]
    again = [await queue.ask(), await queue.ask()]
    await worker(queue.cloud, kind).do_next()
    assert kind.prepared[-1] == again[0]


async def test_how_far_a_job_is_is_shown_while_it_runs(queue: Queue) -> None:
    job = await queue.ask()
    async with at_work(worker(queue.cloud, WrittenKind(HANGS))):
        found = await until(queue.cloud, job, runs, beat_s=SAYS_EVERY_S)
    assert found.progress == 0.25


async def test_a_job_that_is_cancelled_in_time_is_never_done(queue: Queue) -> None:
    job, kind = await queue.ask(), WrittenKind()
    assert await queue.cancel(job) == 204
    assert not await worker(queue.cloud, kind).do_next()
    assert kind.prepared == []
    assert await queue.cancel(job) == 204
    assert (await stored(queue.cloud, job)).state is JobState.CANCELLED


async def test_cancelling_a_job_that_runs_ends_its_program(queue: Queue) -> None:
    job, kind = await queue.ask(), WrittenKind(HANGS)
    async with at_work(worker(queue.cloud, kind)) as task:
        await until(queue.cloud, job, runs, beat_s=SAYS_EVERY_S)
        (program,) = _programs(HANGS)
        assert await queue.cancel(job) == 204
        async with asyncio.timeout(90):
            while not task.done():
                queue.cloud.clock.advance(SAYS_EVERY_S)
                await asyncio.sleep(0.01)
        assert not program.runs
    found = await stored(queue.cloud, job)
    assert (found.state, found.result, kind.taken) == (JobState.CANCELLED, None, [])


async def test_a_worker_that_ends_gives_its_job_back_and_ends_its_program(queue: Queue) -> None:
    job = await queue.ask()
    async with at_work(worker(queue.cloud, WrittenKind(HANGS))):
        await until(queue.cloud, job, runs, beat_s=SAYS_EVERY_S)
        (program,) = _programs(HANGS)
    found = await stored(queue.cloud, job)
    assert (found.state, found.tries, found.held_by) == (JobState.QUEUED, 0, None)
    assert not program.runs

    await worker(queue.cloud, WrittenKind()).do_next()
    assert (await stored(queue.cloud, job)).state is JobState.COMPLETED


async def test_what_a_killed_worker_left_is_done_by_another_one(queue: Queue) -> None:
    job, kind = await queue.ask(), WrittenKind()
    await _killed_at_it(queue)

    assert not await worker(queue.cloud, kind).do_next()
    queue.cloud.clock.advance(GONE_S)
    assert await worker(queue.cloud, kind).do_next()

    found = await stored(queue.cloud, job)
    assert (found.state, found.tries) == (JobState.COMPLETED, 2)


async def test_a_job_that_takes_every_worker_with_it_is_given_up(queue: Queue) -> None:
    job, kind = await queue.ask(), WrittenKind()
    for _ in range(MOST_TRIES):
        await _killed_at_it(queue)
        queue.cloud.clock.advance(GONE_S)

    assert not await worker(queue.cloud, kind).do_next()
    found = await queue.cloud.get(f"/v1/jobs/{job}", queue.owner)
    assert (found["state"], found["trouble"]["code"]) == ("failed", "lost")


async def test_a_worker_whose_job_was_taken_over_changes_nothing(queue: Queue) -> None:
    job, kind = await queue.ask(), WrittenKind(HANGS)
    async with at_work(worker(queue.cloud, kind)) as task:
        await until(queue.cloud, job, runs, beat_s=SAYS_EVERY_S)
        async with queue.cloud.context.database.transaction() as tx:
            (await tx.session.get_one(Job, job)).held_by = tx.new_id()
        async with asyncio.timeout(90):
            while not task.done():
                queue.cloud.clock.advance(SAYS_EVERY_S)
                await asyncio.sleep(0.01)
    found = await stored(queue.cloud, job)
    assert (found.state, kind.taken) == (JobState.RUNNING, [])


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ('print(\'{"refused": "There is too little of it."}\')', Trouble.REFUSED),
        ("raise SystemExit(1)", Trouble.FAULT),
        ("raise SystemExit(3)", Trouble.TOO_MUCH),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", Trouble.TOO_MUCH),
        ("print('no word of ours')", Trouble.FAULT),
        ("print('{' + 9_000_000 * ' ' + '}')", Trouble.FAULT),
    ],
)
async def test_a_program_that_gives_no_result_is_told_of(
    queue: Queue, code: str, trouble: Trouble
) -> None:
    job = await queue.ask()
    await worker(queue.cloud, WrittenKind(code)).do_next()
    found = await stored(queue.cloud, job)
    assert (found.state, found.trouble) == (JobState.FAILED, trouble)
    assert found.detail


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('"reason": {"code": "wide", "values": {"low": 2.5}}', {"code": "wide", "low": 2.5}),
        # So is what was refused before there were codes.
        ('"reason": null', None),
    ],
)
async def test_why_a_job_was_refused_is_told_as_a_code_where_there_is_one(
    queue: Queue, said: str, reason: dict[str, object] | None
) -> None:
    job = await queue.ask()
    line = f'{{"refused": "It is too wide.", {said}}}'
    await worker(queue.cloud, WrittenKind(f"print({line!r})")).do_next()
    trouble = (await queue.cloud.get(f"/v1/jobs/{job}", queue.owner))["trouble"]
    assert (trouble["code"], trouble["detail"]) == ("refused", "It is too wide.")
    told = trouble["reason"]
    assert (told and {"code": told["code"], **told["values"]}) == reason


async def test_a_program_that_takes_too_long_is_ended(queue: Queue) -> None:
    job = await queue.ask()
    await worker(queue.cloud, WrittenKind(HANGS, limit_s=0.5)).do_next()
    found = await stored(queue.cloud, job)
    assert (found.state, found.trouble) == (JobState.FAILED, Trouble.TOO_MUCH)
    assert _programs(HANGS) == []


async def test_a_farm_has_a_few_jobs_at_a_time_and_the_queue_an_end(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [await queue.ask() for _ in range(service.MOST_OF_FARM)]
    with pytest.raises(RateLimited):
        await queue.ask()
    await queue.cancel(jobs[0])
    await queue.ask()
    await queue.cancel(jobs[1])
    monkeypatch.setattr(service, "MOST", service.MOST_OF_FARM - 1)
    with pytest.raises(Unavailable):
        await queue.ask()


async def test_a_job_that_has_ended_is_not_cancelled_and_forgotten_in_the_end(
    queue: Queue,
) -> None:
    job = await queue.ask()
    await worker(queue.cloud, WrittenKind()).do_next()
    assert await queue.cancel(job) == 409
    queue.cloud.clock.advance((service.KEPT - timedelta(hours=1)).total_seconds())
    await clean(queue.cloud.context)
    assert (await stored(queue.cloud, job)).state is JobState.COMPLETED
    queue.cloud.clock.advance(7200)
    await clean(queue.cloud.context)
    owner = await queue.cloud.log_in(queue.owner.login)
    await queue.cloud.get(f"/v1/jobs/{job}", owner, status=404)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death")
async def test_a_program_ends_when_whoever_asks_it_is_killed() -> None:
    code = (
        "import asyncio, sys\n"
        "from tokkatot.cloud.jobs.child import ask\n"
        "asyncio.run(ask((sys.executable, '-c', sys.argv[1]), b'{}', limit_s=600,"
        " progress=lambda done: print(done, flush=True)))\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, HANGS, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"0.25\n"
    (program,) = _programs(HANGS, of=parent.pid)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(90):
        while program.runs:
            await asyncio.sleep(0.02)
    assert not program.runs


async def _killed_at_it(queue: Queue) -> None:
    """Take the next job as a worker does that is never heard again."""
    one = worker(queue.cloud, WrittenKind())
    async with queue.cloud.context.database.transaction() as tx:
        assert await claim(tx.session, [KIND], one._hold(tx)) is not None


def _programs(code: str, *, of: int | None = None) -> list[Seen]:
    """Return the programs with this code that a process has started; by default this one."""
    started = descendants(os.getpid() if of is None else of)
    return [child for child in started if code.strip() in child.command]
