"""Small wrong versions of a module's functions and numbers, put in its place one at a time."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from types import FunctionType, ModuleType

import pytest

OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
FACTORS = (0.5, 2.0)


@dataclass(frozen=True)
class Mutant:
    """One wrong version of a module."""

    module: ModuleType
    name: str
    tree: ast.Module
    is_limit: bool
    """Whether a number is off that stands by itself, under a name."""


def mutants_of(module: ModuleType) -> Iterator[Mutant]:
    """Yield every mutant: a comparison turned round, `and` for `or`, a `not` lost, a number off."""
    whole = ast.parse(inspect.getsource(module))
    limits = {id(node) for one in whole.body if _is_named(one) for node in ast.walk(one)}
    for index, node in enumerate(ast.walk(whole)):
        for name, change in _changes(node):
            tree = deepcopy(whole)
            place = next(one for at, one in enumerate(ast.walk(tree)) if at == index)
            change(place)
            where = f"{module.__name__.split('.')[-1]}:{_line(node)}"
            yield Mutant(module, f"{where} {name}", tree, is_limit=id(node) in limits)


@contextmanager
def in_place(mutant: Mutant) -> Iterator[None]:
    """Let everybody who imported the module's functions meet the mutant's."""
    names = vars(mutant.module)
    scratch = dict(names)
    code = compile(ast.fix_missing_locations(mutant.tree), mutant.name, "exec")
    exec(code, scratch)  # noqa: S102  # our own source, changed in one place
    functions = {
        name: value.__code__
        for name, value in names.items()
        if isinstance(value, FunctionType) and value.__module__ == mutant.module.__name__
    }
    numbers = {
        target.id: names[target.id]
        for statement in mutant.tree.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
        for target in (
            statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        )
        if isinstance(target, ast.Name)
    }
    try:
        for name in functions:
            names[name].__code__ = scratch[name].__code__
        _renumber(numbers, scratch)
        yield
    finally:
        for name, original in functions.items():
            names[name].__code__ = original
        _renumber({name: scratch[name] for name in numbers}, numbers)


def _renumber(before: dict[str, object], after: dict[str, object]) -> None:
    """Put numbers in the place of others wherever the product has imported them."""
    for name, module in list(sys.modules.items()):
        if name.startswith("tokkatot."):
            for number, value in before.items():
                if vars(module).get(number) is value:
                    vars(module)[number] = after[number]


def _is_named(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Assign, ast.AnnAssign))


def calls_in(module: ModuleType) -> list[Callable[[], None]]:
    """Return the tests of a module, each with each of its parameters, as plain calls."""
    calls: list[Callable[[], None]] = []
    for name, test in vars(module).items():
        if name.startswith("test_") and isinstance(test, FunctionType):
            calls.extend(_expanded(test))
    return calls


def is_killed(tests: list[Callable[[], None]]) -> bool:
    """Tell whether any of the tests fails; the one that did is asked first the next time."""
    for index, test in enumerate(tests):
        try:
            test()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # however it fails, it is killed
            tests.insert(0, tests.pop(index))
            return True
    return False


def _expanded(test: FunctionType) -> Iterator[Callable[[], None]]:
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    choices: list[list[dict[str, object]]] = []
    for mark in marks:
        names = mark.args[0] if isinstance(mark.args[0], tuple) else (mark.args[0],)
        choices.append(
            [
                dict(zip(names, value if len(names) > 1 else (value,), strict=True))
                for value in mark.args[1]
            ]
        )
    for chosen in product(*choices):
        arguments = {name: value for part in chosen for name, value in part.items()}
        yield lambda arguments=arguments: test(**arguments)  # type: ignore[misc]


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
        yield "comparison turned round", _turn_round
    if isinstance(node, ast.BoolOp):
        yield "and for or", _swap
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not lost", _lose
    if isinstance(node, ast.Constant) and type(node.value) in {int, float} and node.value:
        for factor in FACTORS:
            yield f"{node.value!r} × {factor}", _scaled(factor)


def _turn_round(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops[0] = OPPOSITE[type(node.ops[0])]()


def _swap(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _lose(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.op = ast.UAdd()


def _scaled(factor: float) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, (int, float))
        scaled = node.value * factor
        node.value = scaled if isinstance(node.value, float) else max(round(scaled), 0)

    return change


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)
