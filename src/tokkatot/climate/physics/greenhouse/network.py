"""The heat and vapour of a house as one linear system, solved for the end of a short step.

Every flux of Vanthoor's balances (8.1 to 8.11) is a conductance between two of twelve nodes or from
a node outward. With the conductances of the step's beginning the balances at its end are linear in
temperatures and vapour pressures: solved together, a step may be longer than a lamp or a screen is
slow, its fluxes cancel exactly, and where nothing changes any more it stands at the model's own
balance. The system is twelve rows of thirteen numbers in one flat buffer, the last column being its
right-hand side.

A node's `value` is in °C, of the two wet ones in Pa. Its `flux` is in W a m² of floor, of wet ones
in kg of vapour a second and m²; a `conductance`, `capacity` or `factor` is that a K or a Pa of the
node that it goes by, and `outside` what lies beyond a border in the node's own unit.
"""

from collections.abc import MutableSequence

NODES = 12
COVER_OUT, WET_TOP, TOP, WET, THERMAL, BLACKOUT = range(6)
AIR, CANOPY, COVER_IN, FLOOR, PIPE, LAMP = range(6, NODES)
"""Who has few neighbours is eliminated first, and makes few others neighbours: half the work."""

WIDTH = NODES + 1
CELLS = NODES * WIDTH

SKY, WIND, VENT, DAMP = range(4)
"""Ways out of the house: radiation, the cover's convection, heat with air, vapour with air."""
WAYS = 4
SIZE = CELLS + WAYS * WIDTH
"""How long a buffer is: the caller keeps one, for a list made anew each step costs time."""

Buffer = MutableSequence[float]


def clear(a: Buffer) -> None:
    """Forget the step before."""
    for cell in range(SIZE):
        a[cell] = 0.0


def store(a: Buffer, node: int, capacity: float, value: float) -> None:
    """Let a node remember where it was; `capacity` is divided by the step."""
    a[node * WIDTH + node] += capacity
    a[node * WIDTH + NODES] += capacity * value


def feed(a: Buffer, node: int, flux: float) -> None:
    """Give a node what does not depend on it."""
    a[node * WIDTH + NODES] += flux


def join(a: Buffer, one: int, other: int, conductance: float) -> None:
    """Let two nodes exchange in proportion to their difference."""
    a[one * WIDTH + one] += conductance
    a[one * WIDTH + other] -= conductance
    a[other * WIDTH + other] += conductance
    a[other * WIDTH + one] -= conductance


def border(a: Buffer, way: int, node: int, conductance: float, outside: float) -> None:
    """Let a node exchange with what it does not change, and remember which way that went."""
    flux = conductance * outside
    a[node * WIDTH + node] += conductance
    a[node * WIDTH + NODES] += flux
    a[CELLS + way * WIDTH + node] += conductance
    a[CELLS + way * WIDTH + NODES] += flux


def left(a: Buffer, way: int) -> float:
    """Return W, or kg of vapour a second, that went out a m² of floor once the system is solved."""
    base = CELLS + way * WIDTH
    total = -a[base + NODES]
    for node in range(NODES):
        total += a[base + node] * a[node * WIDTH + NODES]
    return total


def couple(a: Buffer, row: int, column: int, factor: float) -> None:
    """Let a node lose `factor` times what another node is at."""
    a[row * WIDTH + column] += factor


def solve(a: Buffer) -> None:
    """Leave each node's value in the last column, by elimination in the order of the nodes.

    What a node loses outweighs what it gets from each other one: no pivot comes near nought.
    """
    for pivot in range(NODES):
        start = pivot * WIDTH
        inverse = 1.0 / a[start + pivot]
        a[start + pivot] = inverse
        for row in range(pivot + 1, NODES):
            base = row * WIDTH
            factor = a[base + pivot]
            if factor != 0.0:
                factor *= inverse
                for column in range(pivot + 1, WIDTH):
                    a[base + column] -= factor * a[start + column]
    for row in range(NODES - 1, -1, -1):
        base = row * WIDTH
        value = a[base + NODES]
        for column in range(row + 1, NODES):
            value -= a[base + column] * a[column * WIDTH + NODES]
        a[base + NODES] = value * a[base + row]


def value(a: Buffer, node: int) -> float:
    """Return where a node has come to, in °C or Pa."""
    return a[node * WIDTH + NODES]
