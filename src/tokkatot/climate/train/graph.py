"""Writes down what NumPy does with rows of inputs as an ONNX graph, so that it is told once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.lib.mixins import NDArrayOperatorsMixin
from onnx import TensorProto, helper, numpy_helper
from typing_extensions import override

from tokkatot.climate.kernel import Floats
from tokkatot.climate.policy.card import INPUT, OUTPUT

OPSET = 17
IR_VERSION = 8
"""Of the year of these operators: no hub's runtime is older."""

_OPERATORS: dict[Any, str] = {
    np.add: "Add",
    np.subtract: "Sub",
    np.multiply: "Mul",
    np.true_divide: "Div",
    np.negative: "Neg",
    np.matmul: "MatMul",
    np.minimum: "Min",
    np.maximum: "Max",
    np.greater: "Greater",
    np.sin: "Sin",
    np.cos: "Cos",
    np.tanh: "Tanh",
}


class Graph:
    """The nodes and constants that were written down."""

    def __init__(self) -> None:
        """Begin with none."""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def said(self, operator: str, *inputs: object, **attributes: object) -> "Rows":
        """Write down an operator; what is not of the graph becomes a constant."""
        names = [self._named(one) for one in inputs]
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [name], **attributes))
        return Rows(self, name)

    def _named(self, one: object) -> str:
        if isinstance(one, Rows):
            return one.name
        name = f"c{len(self.constants)}"
        number = np.asarray(one)
        kind = np.int64 if number.dtype.kind == "i" else np.float64
        self.constants.append(numpy_helper.from_array(number.astype(kind), name))
        return name


class Rows(NDArrayOperatorsMixin):
    """Rows of numbers that are not known yet."""

    def __init__(self, graph: Graph, name: str) -> None:
        """Take where they are written down, and as what."""
        self.graph = graph
        self.name = name

    def __getitem__(self, key: tuple[Any, slice]) -> "Rows":
        """Return some columns."""
        rows, columns = key
        assert rows is Ellipsis, "rows stay together"
        last = np.iinfo(np.int64).max if columns.stop is None else columns.stop
        ends = ([columns.start or 0], [last], [-1])
        return self.graph.said("Slice", self, *(np.array(end, np.int64) for end in ends))

    @override
    def __array_ufunc__(self, function: Any, method: str, *inputs: object) -> "Rows":
        """Write down what is reckoned element by element."""
        assert method == "__call__", "nothing here is summed up along rows"
        return self.graph.said(_OPERATORS[function], *inputs)

    def __array_function__(
        self, function: Any, _types: object, inputs: tuple[Any, ...], named: dict[str, Any]
    ) -> "Rows":
        """Write down a choice, or columns side by side."""
        if function is np.where:
            return self.graph.said("Where", *inputs)
        assert function is np.concatenate, f"{function} has no operator here"
        return self.graph.said("Concat", *inputs[0], axis=named["axis"])


def written(reckoned: Callable[[Any], Any], width: int) -> bytes:
    """Return the ONNX file of what is reckoned with rows of so many inputs."""
    graph = Graph()
    # What hardly moved is told from its mean by digits that single precision lacks.
    answer = reckoned(graph.said("Cast", Rows(graph, INPUT), to=TensorProto.DOUBLE))
    graph.said("Cast", answer, to=TensorProto.FLOAT)
    graph.nodes[-1].output[0] = OUTPUT
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "policy",
            [_shaped(INPUT, ["count", width])],
            [_shaped(OUTPUT, ["count", _columns(reckoned, width)])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    frozen: bytes = model.SerializeToString()
    return frozen


def _columns(reckoned: Callable[[Floats], Floats], width: int) -> int:
    columns: int = reckoned(np.zeros((1, width))).shape[-1]
    return columns


def _shaped(name: str, shape: Sequence[str | int]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
