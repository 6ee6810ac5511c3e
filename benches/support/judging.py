"""A process that judges photographs one by one, and tells how long each took and its memory."""

import json
import os
import sys
from pathlib import Path
from time import perf_counter

from tests.support.weight import peak_mb
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import Ensemble

_ROUNDS = 10


def main(folder: Path) -> None:
    """Judge every JPEG of a folder some times."""
    files = sorted(folder.glob("*.jpg"))
    detector = Detector(Ensemble.load())
    detector.judge(files[0].read_bytes())
    decisions_ms = []
    for path in files * _ROUNDS:
        # One at a time, as a camera takes them: the memory is that of the models.
        data = path.read_bytes()
        began_s = perf_counter()
        detector.judge(data)
        decisions_ms.append((perf_counter() - began_s) * 1000)
    print(json.dumps({"decisions_ms": decisions_ms, "peak_rss_mb": peak_mb(os.getpid())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
