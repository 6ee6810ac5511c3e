"""How long `make run` takes from a fresh clone, and again."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from tests.support.processes import free_port

ROOT = Path(__file__).parents[2]
LIMIT_S = 900.0
_POLL_S = 0.02


def measure(clone: Path, *, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Clone what is committed and run it twice; the package caches are those of this user."""
    subprocess.run(
        ("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)),  # noqa: S607 - as make
        check=True,
        timeout=120,
    )
    try:
        for figure in ("first_run_s", "next_run_s"):
            yield figure, _first_page_s(clone, say=say)
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def _first_page_s(clone: Path, *, say: Callable[[str], None]) -> float:
    """Return the seconds from the command to the first page of an app that is ready."""
    port = free_port()
    ours = {k: v for k, v in os.environ.items() if not k.startswith("TOKKATOT_")}  # noqa: TID251
    log_path = clone.parent / "make-run.log"
    began_s = time.monotonic()  # noqa: TID251 - a benchmark reads the real clock
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            ("make", "run"),  # noqa: S607 - the make that a person would run
            cwd=clone,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**ours, "TOKKATOT_HTTP_PORT": str(port)},
            start_new_session=True,
        )
    try:
        while not _serves(f"http://127.0.0.1:{port}"):
            took_s = time.monotonic() - began_s  # noqa: TID251
            if process.poll() is not None or took_s > LIMIT_S:
                raise RuntimeError(f"make run failed:\n{log_path.read_text()[-4000:]}")
            time.sleep(_POLL_S)
        took_s = time.monotonic() - began_s  # noqa: TID251
        say(f"make run served its first page after {took_s:.1f} s")
        return took_s
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)


def _serves(url: str) -> bool:
    try:
        with httpx.Client(base_url=url, timeout=5) as http:
            page = http.get("/")
            ready = http.get("/ready")
    except httpx.HTTPError:
        return False
    is_page = page.status_code == httpx.codes.OK and "<script" in page.text
    return is_page and ready.status_code == httpx.codes.OK
