"""The little language in which an alarm says what it looks at over several devices.

`temperature - outside(temperature) > 3 and outside(temperature) > 30`
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from uuid import UUID

from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity

MAX_CHARS = 500
MAX_NODES = 64
MAX_DEPTH = 12
"""What an expression may be at most: a hub evaluates it every second."""


@unique
class SetPointName(StrEnum):
    """A set-point that an expression may name."""

    TEMPERATURE_MIN_C = "temperature_min_c"
    TEMPERATURE_MAX_C = "temperature_max_c"
    TEMPERATURE_HARD_MAX_C = "temperature_hard_max_c"
    WATER_LOW_PERCENT = "water_low_percent"
    WATER_FULL_PERCENT = "water_full_percent"


@unique
class Calculation(StrEnum):
    """What makes one number out of two."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


@unique
class Relation(StrEnum):
    """What compares two numbers."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@unique
class Function(StrEnum):
    """What makes one number out of several."""

    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    ABS = "abs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that stands there."""

    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the believed sensors of the house say together, one of them alone, or those outside."""

    quantity: Quantity
    device_id: DeviceId | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPoint:
    """A set-point that is in force."""

    name: SetPointName


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far an actuator says that it is on, in %."""

    device_id: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """The flock's day of age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """Two numbers and what is done with them."""

    how: Calculation
    left: "Numeric"
    right: "Numeric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A function of some numbers."""

    function: Function
    of: "tuple[Numeric, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Whether two numbers stand so to each other."""

    how: Relation
    left: "Numeric"
    right: "Numeric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Whether both are so."""

    left: "Truth"
    right: "Truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Whether one of them is so."""

    left: "Truth"
    right: "Truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Whether it is not so."""

    of: "Truth"


Numeric = Number | Measured | SetPoint | Position | Age | Calculated | Called
Truth = Compared | Both | Either | Not
Node = Numeric | Truth


class ExpressionError(ValueError):
    """A text that is no expression; `at` is the character where it goes wrong."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(f"{text} (at character {at + 1})")
        self.at = at


_TOKEN = re.compile(
    r"\s*(?:(?P<device>\[[0-9a-fA-F-]{36}\])|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[a-z_][a-z0-9_]*)|(?P<mark><=|>=|[-+*/<>(),]))"
)
_RELATIONS = {relation.value: relation for relation in Relation}
_SUMS = {how.value: how for how in (Calculation.ADD, Calculation.SUBTRACT)}
_PRODUCTS = {how.value: how for how in (Calculation.MULTIPLY, Calculation.DIVIDE)}
_FUNCTIONS = {function.value: function for function in Function}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Truth:
    """Return what an expression says.

    Raises:
        ExpressionError: when it says nothing, or more than a hub is to evaluate each second.
    """
    if len(text) > MAX_CHARS:
        raise ExpressionError(f"an expression has at most {MAX_CHARS} characters", MAX_CHARS)
    parser = _Parser(tuple(_tokens(text)), len(text))
    found = parser.either(0)
    parser.end()
    return _truth(found, 0)


def devices_in(node: Node) -> Iterator[tuple[DeviceId, Quantity | None]]:
    """Yield every device that an expression names, with what it is to measure."""
    match node:
        case Measured(device_id=device_id, quantity=quantity):
            if device_id is not None:
                yield device_id, quantity
        case Position(device_id=device_id):
            yield device_id, None
        case Calculated() | Compared() | Both() | Either():
            yield from devices_in(node.left)
            yield from devices_in(node.right)
        case Called(of=of):
            for one in of:
                yield from devices_in(one)
        case Not(of=of):
            yield from devices_in(of)
        case Number() | SetPoint() | Age():
            return


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError("that is no part of an expression", at)
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        at = found.end()


def _truth(node: Node, at: int) -> Truth:
    if isinstance(node, Truth):
        return node
    raise ExpressionError("here something is to be compared", at)


def _numeric(node: Node, at: int) -> Numeric:
    if isinstance(node, Truth):
        raise ExpressionError("here a number is needed, not a comparison", at)
    return node


class _Parser:
    """Reads tokens from left to right, each level of precedence in a method of its own."""

    def __init__(self, tokens: tuple[_Token, ...], length: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._length = length
        self._nodes = 0

    def either(self, depth: int) -> Node:
        at, left = self._at(), self._both(depth)
        while self._take("word", "or"):
            right_at = self._at()
            right = _truth(self._both(depth), right_at)
            left = self._made(Either(left=_truth(left, at), right=right))
        return left

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise ExpressionError("nothing more is expected here", self._at())

    def _both(self, depth: int) -> Node:
        at, left = self._at(), self._not(depth)
        while self._take("word", "and"):
            right_at = self._at()
            right = _truth(self._not(depth), right_at)
            left = self._made(Both(left=_truth(left, at), right=right))
        return left

    def _not(self, depth: int) -> Node:
        if self._take("word", "not"):
            self._check_depth(depth)
            at = self._at()
            return self._made(Not(of=_truth(self._not(depth + 1), at)))
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Node:
        at, left = self._at(), self._sum(depth)
        token = self._peek()
        if token is None or token.text not in _RELATIONS:
            return left
        self._next += 1
        right_at = self._at()
        right = _numeric(self._sum(depth), right_at)
        how = _RELATIONS[token.text]
        return self._made(Compared(how=how, left=_numeric(left, at), right=right))

    def _sum(self, depth: int) -> Node:
        at, left = self._at(), self._product(depth)
        while (token := self._peek()) is not None and token.text in _SUMS:
            self._next += 1
            right_at = self._at()
            right = _numeric(self._product(depth), right_at)
            how = _SUMS[token.text]
            left = self._made(Calculated(how=how, left=_numeric(left, at), right=right))
        return left

    def _product(self, depth: int) -> Node:
        at, left = self._at(), self._single(depth)
        while (token := self._peek()) is not None and token.text in _PRODUCTS:
            self._next += 1
            right_at = self._at()
            right = _numeric(self._single(depth), right_at)
            how = _PRODUCTS[token.text]
            left = self._made(Calculated(how=how, left=_numeric(left, at), right=right))
        return left

    def _single(self, depth: int) -> Node:
        self._check_depth(depth)
        token = self._peek()
        if token is None:
            raise ExpressionError("something is missing at the end", self._length)
        self._next += 1
        match token.kind, token.text:
            case "number", text:
                return self._made(Number(value=float(text)))
            case "mark", "-":
                at = self._at()
                of = _numeric(self._single(depth + 1), at)
                zero = Number(value=0.0)
                return self._made(Calculated(how=Calculation.SUBTRACT, left=zero, right=of))
            case "mark", "(":
                inner = self.either(depth + 1)
                self._need(")")
                return inner
            case "word", word:
                return self._made(self._named(word, token.at, depth))
            case _:
                raise ExpressionError("here a value is needed", token.at)

    def _named(self, word: str, at: int, depth: int) -> Node:
        if word == "age":
            return Age()
        if word == "level":
            return Position(device_id=self._device())
        if word in ("outside", "setpoint"):
            self._need("(")
            name_at = self._at()
            name = self._word()
            self._need(")")
            if word == "outside":
                return Measured(quantity=_quantity(name, name_at), outside=True)
            return SetPoint(name=_set_point(name, name_at))
        if word in _FUNCTIONS:
            return self._called(_FUNCTIONS[word], at, depth)
        quantity = _quantity(word, at)
        token = self._peek()
        names_one = token is not None and token.kind == "device"
        return Measured(quantity=quantity, device_id=self._device() if names_one else None)

    def _called(self, function: Function, at: int, depth: int) -> Called:
        self._need("(")
        of: list[Numeric] = []
        while True:
            one_at = self._at()
            of.append(_numeric(self.either(depth + 1), one_at))
            if not self._take("mark", ","):
                break
        self._need(")")
        if (len(of) == 1) != (function is Function.ABS):
            needs = "one value" if function is Function.ABS else "two values or more"
            raise ExpressionError(f"{function} takes {needs}", at)
        return Called(function=function, of=tuple(of))

    def _device(self) -> DeviceId:
        token = self._peek()
        if token is None or token.kind != "device":
            raise ExpressionError("here a device is needed, as [its id]", self._at())
        self._next += 1
        try:
            return DeviceId(UUID(token.text[1:-1]))
        except ValueError:
            raise ExpressionError("that is no id of a device", token.at) from None

    def _word(self) -> str:
        token = self._peek()
        if token is None or token.kind != "word":
            raise ExpressionError("here a name is needed", self._at())
        self._next += 1
        return token.text

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise ExpressionError(f"here a {mark} is needed", self._at())

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        if token is None or (token.kind, token.text) != (kind, text):
            return False
        self._next += 1
        return True

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _at(self) -> int:
        token = self._peek()
        return self._length if token is None else token.at

    def _made(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionError(f"an expression has at most {MAX_NODES} parts", self._at())
        return node

    def _check_depth(self, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise ExpressionError(f"nothing is nested deeper than {MAX_DEPTH} times", self._at())


def _quantity(name: str, at: int) -> Quantity:
    try:
        return Quantity(name)
    except ValueError:
        raise ExpressionError(f"nothing that is measured is called {name}", at) from None


def _set_point(name: str, at: int) -> SetPointName:
    try:
        return SetPointName(name)
    except ValueError:
        raise ExpressionError(f"no set-point is called {name}", at) from None
