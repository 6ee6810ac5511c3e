"""A benchmark, or a run of tests, that is ended from outside ends what it has started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.proc import Seen, seen
from tests.support.stack import until

ROOT = Path(__file__).parents[3]

# In the place of a benchmark; what it starts ends where it is told to, and may.
BENCH = """
import signal, sys
from pathlib import Path
from types import SimpleNamespace
from benches.support.servers import running
from tokkatot.cli.bench import bench

FOLDER = Path(sys.argv[1])
SLOW = '''
ending() { echo ending; until [ -e "$0" ]; do sleep 0.1; done; exit 7; }
trap ending TERM
echo $$
while :; do sleep 0.1; done
'''

def run(figures, report):
    try:
        command = ("sh", "-c", SLOW, str(FOLDER / "may end"))
        with running(command, log_path=FOLDER / "log") as process:
            print("runs", flush=True)
            process.wait()
    finally:
        print("ended", process.returncode, flush=True)

sys.modules["benches.slice"] = SimpleNamespace(FIGURES=("a",), run=run)
# Whatever this run of tests itself was begun under.
signal.signal(signal.SIGHUP, signal.SIG_IGN if "nohup" in sys.argv else signal.SIG_DFL)
bench("slice")
"""


def said(folder: Path) -> list[str]:
    """What the child has said, each line whole."""
    log = folder / "log"
    return log.read_text().split("\n")[:-1] if log.exists() else []


@contextmanager
def running(folder: Path, *arguments: str) -> "Iterator[tuple[subprocess.Popen[str], Seen]]":
    """Run a benchmark; also say what it has started."""
    with (
        subprocess.Popen(
            (sys.executable, "-c", BENCH, str(folder), *arguments),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(("src", "."))},  # noqa: TID251
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        ) as bench,
        ExitStack() as at_end,
    ):
        at_end.callback(bench.kill)
        assert bench.stdout is not None
        # Said once both would hand a signal on, or heed it.
        assert bench.stdout.readline() == "runs\n"
        child = seen(int(until("a child", lambda: said(folder), within_s=120)[0]))
        assert child is not None
        try:
            yield bench, child
        finally:
            bench.kill()
            if child.runs:
                os.kill(child.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_benchmark_that_is_ended_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path) as (bench, child):
        bench.send_signal(number)
        until("the child is asked to end", lambda: said(tmp_path)[1:], within_s=120)
        # As where make is ended with its whole group: it hands on what came to all.
        bench.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            bench.wait(0.5)
        (tmp_path / "may end").touch()
        last, _ = bench.communicate(timeout=120)
        assert last == "ended 7\n", "it waits for what it ends"
        assert not child.runs


def test_a_benchmark_that_shall_outlive_its_terminal_does(tmp_path: Path) -> None:
    with running(tmp_path, "nohup") as (bench, child):
        bench.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            bench.wait(1)
        assert child.runs


@pytest.mark.xdist_group("signals")
@pytest.mark.parametrize("after", ["any test", "one that takes the signals away"])
def test_a_run_of_tests_ends_by_a_signal_as_by_ctrl_c(after: str) -> None:
    # This very run: its fixtures have farms of their own to end.
    assert signal.getsignal(signal.SIGTERM) not in {signal.SIG_DFL, signal.SIG_IGN, None}, after
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
