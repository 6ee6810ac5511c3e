"""Small wrong versions of a module's functions and numbers, put in its place one at a time."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice, product
from operator import itemgetter
from time import process_time
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


def mutants_of(module: ModuleType) -> Iterator[Mutant]:
    """Yield every mutant: a comparison turned round, `and` for `or`, a `not` lost, a number off."""
    whole = ast.parse(inspect.getsource(module))
    return _mutants(module, whole, ast.walk(whole))


def limits_of(module: ModuleType) -> Iterator[Mutant]:
    """Yield those in which a number is off that stands by itself, under a name."""
    whole = ast.parse(inspect.getsource(module))
    named = (node for one in whole.body if _is_named(one) for node in ast.walk(one))
    return _mutants(module, whole, named)


def _mutants(module: ModuleType, whole: ast.Module, nodes: Iterable[ast.AST]) -> Iterator[Mutant]:
    places = {id(node): place for place, node in enumerate(ast.walk(whole))}
    for node in nodes:
        for name, change in _changes(node):
            tree = deepcopy(whole)
            change(next(islice(ast.walk(tree), places[id(node)], None)))
            where = f"{module.__name__.split('.')[-1]}:{_line(node)}"
            yield Mutant(module, f"{where} {name}", tree)


@contextmanager
def in_place(mutant: Mutant) -> Iterator[None]:
    """Let everybody who imported the module's functions meet the mutant's."""
    names = vars(mutant.module)
    scratch = dict(names)
    code = compile(ast.fix_missing_locations(mutant.tree), mutant.name, "exec")
    exec(code, scratch)  # noqa: S102  # our own source, changed in one place
    functions = dict(_functions(names, mutant.module.__name__))
    wrong = dict(_functions(scratch, mutant.module.__name__))
    originals = {name: function.__code__ for name, function in functions.items()}
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
        for name, function in functions.items():
            function.__code__ = wrong[name].__code__
        _renumber(numbers, scratch)
        yield
    finally:
        for name, function in functions.items():
            function.__code__ = originals[name]
        _renumber({name: scratch[name] for name in numbers}, numbers)


def _functions(names: dict[str, object], module: str) -> Iterator[tuple[str, FunctionType]]:
    """Yield the functions and methods that a module makes itself, by their names."""
    for name, value in names.items():
        if getattr(value, "__module__", None) != module:
            continue
        if isinstance(value, FunctionType):
            yield name, value
        elif isinstance(value, type):
            for own, method in vars(value).items():
                if isinstance(method, FunctionType):
                    yield f"{name}.{own}", method


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


def cheapest_first(*modules: ModuleType) -> Sequence[Callable[[], None]]:
    """Return the tests of some modules, those first that take the least; none fails as things are.

    Most mutants are killed by a test that takes no time, and the dear ones are seldom asked.
    """
    took_s: list[tuple[float, Callable[[], None]]] = []
    for module in dict.fromkeys(modules):
        for test in calls_in(module):
            began_s = process_time()
            test()
            took_s.append((process_time() - began_s, test))
    return [test for _, test in sorted(took_s, key=itemgetter(0))]


def is_killed(tests: Iterable[Callable[[], None]]) -> bool:
    """Tell whether any of the tests fails."""
    for test in tests:
        try:
            test()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # however it fails, it is killed
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
