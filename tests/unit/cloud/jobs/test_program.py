"""What a job's program tells of itself."""

from tokkatot.cloud.jobs.program import Progress, Told


def test_progress_is_told_where_it_is_worth_a_line() -> None:
    told: list[Told] = []
    progress = Progress(told.append)
    for part in range(10_001):
        progress(part / 10_000)
    assert 90 < len(told) <= 100
    assert all(one.progress is not None and 0 < one.progress <= 1 for one in told)
