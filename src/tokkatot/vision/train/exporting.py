"""Freezes learned networks as ONNX files with their description, and proves that they agree."""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch

from tokkatot.vision.data.canvases import Canvases
from tokkatot.vision.detect.ensemble import (
    DESCRIPTION,
    INPUT,
    Description,
    Ensemble,
    ModelFile,
)
from tokkatot.vision.detect.mixing import Mix
from tokkatot.vision.preprocess.canvas import SIDE, as_batch
from tokkatot.vision.train.fitting import answers_of

OPSET = 17
_ANSWERS = "answers"
_SAME_AT_STRIDE_2 = (0, 0, 1, 1)
"""What is put above, left, below and right of a picture: as `SameConv` does."""


def export(networks: Mapping[str, torch.nn.Module], mix: Mix, out: Path) -> Description:
    """Write the models and their description."""
    out.mkdir(parents=True, exist_ok=True)
    models = []
    for name, network in networks.items():
        file = f"{name}.onnx"
        _export(network, out / file)
        digest = hashlib.sha256((out / file).read_bytes()).hexdigest()
        models.append(ModelFile(name=name, file=file, sha256=digest))
    # The same models, mixed otherwise, say something else.
    version = hashlib.sha256(msgspec.json.encode((models, mix))).hexdigest()[:12]
    description = Description(version=version, models=tuple(models), mix=mix)
    text = msgspec.json.format(msgspec.json.encode(description))
    (out / DESCRIPTION).write_bytes(text + b"\n")
    return description


def parity(
    networks: Mapping[str, torch.nn.Module], ensemble: Ensemble, canvases: Canvases
) -> float:
    """Return the largest difference of any answer between the networks and their frozen files."""
    frozen = ensemble.answers(as_batch(canvases))
    learned = [answers_of(network, canvases) for network in networks.values()]
    return max(float(np.abs(one - other).max()) for one, other in zip(frozen, learned, strict=True))


def _export(network: torch.nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        # The newer exporter needs a compiler of its own to write the same few operators.
        warnings.simplefilter("ignore", DeprecationWarning)
        # It folds no mirrored slice, and says so of each.
        warnings.simplefilter("ignore", UserWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros((2, 3, SIDE, SIDE)),),
            path,
            input_names=[INPUT],
            output_names=[_ANSWERS],
            dynamic_axes={INPUT: {0: "count"}, _ANSWERS: {0: "count"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    _pad_within(model.graph)
    onnx.checker.check_model(model, full_check=True)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.save(model, path)


def _pad_within(graph: onnx.GraphProto) -> None:
    """Let convolutions pad for themselves what `SameConv` pads before them.

    ONNX lets them pad one side alone, which PyTorch does not; a node that pads copies a picture.
    """
    padding = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in padding:
            node.input[0] = padding[node.input[0]]
            pads = next(one for one in node.attribute if one.name == "pads")
            pads.ints[:] = _SAME_AT_STRIDE_2
    _drop_unused(graph)


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):  # they stand in the order of their work
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
