"""A child process holds itself back."""

import os
import subprocess
import sys

import pytest

from tokkatot.child.limits import AWAITED, NICEST

HELD_BACK = """
import os, resource
from tokkatot.child.limits import AWAITED, hold_back
hold_back(memory_bytes=2**32, processor_s=60{niceness})
limits = [resource.getrlimit(one)[0] for one in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
print(os.nice(0), *limits)
"""


@pytest.mark.parametrize(("said", "niceness"), [("", NICEST), (", niceness=AWAITED", AWAITED)])
def test_a_child_yields_to_others_and_is_bounded(said: str, niceness: int) -> None:
    done = subprocess.run(
        (sys.executable, "-c", HELD_BACK.format(niceness=said)),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    expected = min(os.nice(0) + niceness, NICEST)
    assert done.stdout.split() == [str(expected), str(2**32), "60"]
