"""How much memory a program takes is told of itself, not of who started it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.weight import peak_mb

ROOT = Path(__file__).parents[3]
LARGE_MB = 300
TELL = "import os; from tests.support.weight import peak_mb; print(peak_mb(os.getpid()))"


def test_a_program_does_not_count_the_memory_of_who_started_it() -> None:
    large = bytearray(LARGE_MB << 20)
    assert peak_mb(os.getpid()) > LARGE_MB
    told = subprocess.run(
        (sys.executable, "-c", TELL), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(large) == LARGE_MB << 20
    assert 10 < float(told.stdout) < LARGE_MB
