"""Checks of the code base itself: what lint rules can't say."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

Function = ast.FunctionDef | ast.AsyncFunctionDef
FILE_LINES = 500
FUNCTION_LINES = 60

LONG_FILES: dict[str, str] = {}
"""Path to the reason why it may be longer."""

LONG_FUNCTIONS: dict[str, str] = {
    "src/tokkatot/cloud/platform/migrations/versions/": "a migration is a list of statements",
}
"""Beginning of `path::function` to the reason why it may be longer."""

ENTRY_POINTS = {
    "tokkatot.cli": "commands are imported by their names",
    "tokkatot.cloud.platform.amqtt_broker": "started as a process of its own",
    "tokkatot.cloud.platform.migrations": "Alembic loads them by path",
    "tokkatot.detector.look": "started as a process of its own by the hub",
    "tokkatot.pilot.fly": "started as a process of its own by the hub",
    "tokkatot.cloud.sync.model": "declares tables that are reached by plain SQL for speed",
}
"""Modules that nobody imports, with who uses them."""

# Put together here, so that this file passes its own check.
REGISTRIES = re.compile(
    r"https?://[\w.-]*(" + "|".join(("py" + "pi", "python" + "hosted", "npm" + "js")) + r")[\w.-]*/"
)
BINARY = {".png", ".jpg", ".jpeg", ".webp", ".ico", ".woff2", ".onnx", ".gz"}


@cache
def tracked() -> tuple[Path, ...]:
    done = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(
        path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()
    )


def python_files(*folders: str) -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and named(path).startswith(folders)]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def length(node: Function) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules() -> set[str]:
    found: set[str] = set()
    for path in python_files("src", "benches"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found.add(node.module)
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.fixture(scope="module", autouse=True)
def _needs_git() -> None:
    assert (ROOT / ".git").exists(), "these checks look at what git tracks"


def test_no_file_is_too_long() -> None:
    lines = {
        named(path): len(path.read_text().splitlines()) for path in python_files("src", "tests")
    }

    assert {
        n: count for n, count in lines.items() if count > FILE_LINES and n not in LONG_FILES
    } == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{named(path)}::{node.name}": length(node)
        for path in python_files("src", "tests")
        for node in functions(path)
    }

    allowed = tuple(LONG_FUNCTIONS)
    too_long = {n: count for n, count in lengths.items() if count > FUNCTION_LINES}
    assert {n: count for n, count in too_long.items() if not n.startswith(allowed)} == {}


def test_every_exception_of_these_checks_is_still_needed() -> None:
    names = [named(path) for path in tracked()]

    unused = [
        name
        for name in (*LONG_FILES, *LONG_FUNCTIONS)
        if not any(n.startswith(name.split("::")[0]) for n in names)
    ]
    assert unused == []


def test_no_module_is_dead() -> None:
    imported = imported_modules()
    modules = [module_of(path) for path in python_files("src") if path.name != "__init__.py"]

    alive = tuple(ENTRY_POINTS)
    assert [name for name in modules if name not in imported and not name.startswith(alive)] == []


def test_a_package_file_holds_its_docstring_and_nothing_else() -> None:
    bodies = {named(path): tree(path) for path in python_files("src") if path.name == "__init__.py"}

    assert [
        name
        for name, module in bodies.items()
        if len(module.body) != 1 or ast.get_docstring(module) is None
    ] == []


def test_a_module_says_in_one_sentence_what_it_is() -> None:
    first_lines = {
        named(path): (ast.get_docstring(tree(path)) or "").split("\n\n")[0]
        for path in python_files("src")
    }

    assert [name for name, text in first_lines.items() if not re.search(r"[.!?]$", text)] == []


UNIT = re.compile(
    r"(^|_)(c|k|pa|kpa|pct|ppm|w|j|kg|mg|g|m|m2|m3|s|h|d|deg|umol|part|share|ratio|hour|birds)$"
)
"""How a name ends that says what it counts; shares and ratios have no unit."""
UNIT_WORD = re.compile(
    r"°C|%|µmol|m²|m³|(?<!')\b(W|J|Pa|kPa|ppm|K|kg|mg|g|m|s|seconds?|hours?|part)\b"
)
NO_UNIT_WORD = re.compile(r"\b(0 to 1|[Ss]hares?|[Pp]arts?|[Mm]ultipliers?)\b")
WITHOUT_UNIT = {
    *("discharge", "pad_efficiency", "litter_ph", "deaths", "heat_total", "heat_sensible"),
    *("feed_nitrogen", "gain_nitrogen", "egg_nitrogen"),
}
"""Coefficients, parts of a whole and counts, as each reader of these models knows them."""
ALIKE_THROUGHOUT = {"pressure": "Pa", "vapour": "Pa", "dt": "s"}


def test_every_number_of_the_physics_has_a_unit_in_its_name_or_its_docstring() -> None:
    # An argument whose name has none is named in the function's docstring or the module's.
    public = [
        (path, node)
        for path in python_files("src/tokkatot/climate/physics")
        for node in functions(path)
        if not node.name.startswith("_")
    ]
    taken = [
        f"{named(path)}::{node.name}({name})"
        for path, node in public
        for name in floats_of(node)
        if not UNIT.search(name)
        and name not in ALIKE_THROUGHOUT
        and f"`{name}`" not in told(node) + told(tree(path))
    ]
    given = [
        f"{named(path)}::{node.name}"
        for path, node in public
        if is_float(node.returns)
        and not UNIT.search(node.name)
        and not UNIT_WORD.search(told(node))
    ]
    assert public
    assert (taken, given) == ([], [])


def test_every_number_that_the_physics_keep_has_a_unit_in_its_name_or_a_docstring() -> None:
    # Where a field's name has none, its docstring, its class's or the module's says it.
    kept = [
        (f"{named(path)}::{node.name}.{name}", name, f"{own} {told(node)} {told(tree(path))}")
        for path in python_files("src/tokkatot/climate/physics")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        for name, own in fields_of(node)
    ]
    assert kept
    assert [
        where
        for where, name, words in kept
        if not UNIT.search(name)
        and name not in {*WITHOUT_UNIT, *ALIKE_THROUGHOUT}
        and not UNIT_WORD.search(words)
        and not NO_UNIT_WORD.search(words)
    ] == []


def fields_of(node: ast.ClassDef) -> list[tuple[str, str]]:
    """Return each field that is a float with the docstring below it."""
    return [
        (field.target.id, told_below(below))
        for field, below in zip(node.body, (*node.body[1:], None), strict=True)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and is_float(field.annotation)
    ]


def told_below(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return str(statement.value.value)
    return ""


def told(node: Function | ast.ClassDef | ast.Module) -> str:
    return ast.get_docstring(node) or ""


def floats_of(node: Function) -> list[str]:
    every = (*node.args.args, *node.args.kwonlyargs)
    return [one.arg for one in every if is_float(one.annotation)]


def is_float(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "float"


def test_every_test_asserts_something() -> None:
    silent = [
        f"{named(path)}::{node.name}"
        for path in python_files("tests")
        if path.name.startswith("test_")
        for node in functions(path)
        if node.name.startswith("test_") and not asserts(node, {n.name: n for n in functions(path)})
    ]

    assert silent == []


def asserts(node: Function, beside: dict[str, Function]) -> bool:
    """An assert, or a call that names or is told what it must find; helpers of the file count."""
    helpers = {name: helper for name, helper in beside.items() if helper is not node}
    for part in ast.walk(node):
        if isinstance(part, ast.Assert):
            return True
        if isinstance(part, ast.keyword) and part.arg == "status":
            return True
        name = part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
        if re.match(r"assert|expect|raises|check|must_|eventually|until", str(name)):
            return True
        if name in helpers and asserts(helpers.pop(name), helpers):
            return True
    return False


def test_no_file_names_a_package_registry() -> None:
    texts = {named(path): path for path in tracked() if path.suffix not in BINARY}

    assert [
        n for n, path in texts.items() if REGISTRIES.search(path.read_text(errors="replace"))
    ] == []


def test_nothing_is_left_unfinished() -> None:
    # Put together here, so that this file passes its own check.
    marks = re.compile(
        r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
    )
    texts = [path for path in tracked() if path.suffix in {".py", ".ts", ".vue", ".toml", ".md"}]

    assert [named(path) for path in texts if marks.search(path.read_text())] == []


def test_tests_that_share_a_program_stay_in_one_worker(request: pytest.FixtureRequest) -> None:
    # The workers' scheduler goes by the node id alone: a group that is not in it is none, and then
    # each worker starts a whole farm of its own.
    if not request.config.getoption("loadgroup", default=False):
        return
    grouped = {
        item.nodeid.rpartition("@")[2]
        for item in request.session.items
        if item.path.parent.name in {"e2e", "browser"}
    }
    assert grouped <= {"e2e", "browser", "proof"}
