"""Whether the shipped models answer in ONNX Runtime as ONNX's own definition says."""

from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from tokkatot.vision.detect.ensemble import INPUT, SHIPPED, Ensemble
from tokkatot.vision.preprocess.canvas import as_batch
from tokkatot.vision.preprocess.decoding import read_shot


def largest_difference(folder: Path) -> float:
    """Return the largest difference of any answer to the photographs of a folder."""
    shots = [read_shot(path.read_bytes()) for path in sorted(folder.glob("*.jpg"))]
    batch = as_batch(np.stack([shot.pixels for shot in shots]))
    ensemble = Ensemble.load()
    differences = [
        np.abs(_by_definition(SHIPPED / model.file, batch) - answers).max()
        for model, answers in zip(ensemble.description.models, ensemble.answers(batch), strict=True)
    ]
    return float(max(differences))


def _by_definition(path: Path, batch: "np.ndarray") -> "np.ndarray":
    return np.asarray(ReferenceEvaluator(onnx.load(path)).run(None, {INPUT: batch})[0])
