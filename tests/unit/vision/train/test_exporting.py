"""Frozen networks: that they agree with what was learned, and pad as cheaply as ONNX can."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.pictures import drawn
from tokkatot.vision.detect.ensemble import Ensemble
from tokkatot.vision.detect.mixing import Mix

pytestmark = pytest.mark.training

SIDE = 112


def test_a_frozen_network_pads_within_its_convolutions_and_answers_as_before(
    tmp_path: Path,
) -> None:
    import onnx  # noqa: PLC0415

    from tokkatot.vision.train.config import NetworkConfig  # noqa: PLC0415
    from tokkatot.vision.train.exporting import export, parity  # noqa: PLC0415
    from tokkatot.vision.train.fitting import new_network  # noqa: PLC0415
    from tokkatot.vision.train.networks import Mirrored  # noqa: PLC0415

    config = NetworkConfig(network="mobilenet", seed=1, epochs=1, batch=2, rate=1e-3, side=64)
    networks = {"mobilenet": Mirrored(new_network(config)).eval()}
    pictures = np.stack([np.asarray(drawn(n, width=SIDE, height=SIDE)) for n in range(3)])

    export(networks, Mix(alone=(1.0,), together=1.0, doubt_above=0.5), tmp_path)

    nodes = onnx.load(tmp_path / "mobilenet.onnx").graph.node
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    pads = [list(one.ints) for node in convolutions for one in node.attribute if one.name == "pads"]
    assert [node.name for node in nodes if node.op_type == "Pad"] == []
    assert pads.count([0, 0, 1, 1]) == 5
    assert parity(networks, Ensemble.load(tmp_path), pictures) < 1e-5
