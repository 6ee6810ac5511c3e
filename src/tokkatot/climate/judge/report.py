"""The comparison as one HTML page with plots: climate, set-points, money and what broke limits."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

from tokkatot.climate.judge.front import Fronts
from tokkatot.climate.judge.judging import Lived
from tokkatot.climate.judge.limits import Limit, limits_of
from tokkatot.climate.kernel import Floats
from tokkatot.climate.policy.card import Card, HeldOut, House, Interval, dials_of, inputs_of

_WIDTH, _HEIGHT, _MARGIN = 860, 150, 46
_POINTS = 800
_COLOURS = ("#0b6e4f", "#c0392b", "#2c5aa0", "#8a6d00")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }
body { padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: right }
td:first-child, th:first-child { text-align: left } svg { display: block; margin: .5rem 0 1.5rem }
"""
_DASHED = (
    "<p>Dashed: limits.</p>",
    "<p>Dashed: limits. Air that moves or is dry may be further over comfort: it is felt less.</p>",
)
_ROOM = 0.04
"""Part of a plot that is left beyond its limits, so that their lines are seen."""
_CLIMATE = ("air_c", "humidity_pct", "co2_ppm", "ammonia_ppm", "over_comfort_k", "outdoor_c")


def report(
    card: Card,
    judged: Sequence[tuple[HeldOut, Mapping[str, Lived]]],
    fronts: Mapping[str, Fronts],
) -> str:
    """Return the page; fronts are told by the names of their weather."""
    sections = "".join(_section(card, held_out, lived) for held_out, lived in judged)
    sections += "".join(_front(name, both) for name, both in fronts.items())
    limits = "".join(f"<li>{escape(text)}</li>" for text in card.limits)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>{escape(card.version)}</title><style>{_STYLE}</style><h1>{escape(card.version)}</h1>"
        f"<p>Learned from {_names(card)} over {card.learning.steps:,} decisions. "
        f"Differences are season by season; brackets hold a mean 95 times in 100.</p>"
        f"<ul>{limits}</ul>{sections}</html>"
    )


def _names(card: Card) -> str:
    return escape(", ".join(one.name for one in card.learning.weather) or "nothing")


def _section(card: Card, held_out: HeldOut, lived: Mapping[str, Lived]) -> str:
    known = held_out.weather.sha256 in {one.sha256 for one in card.learning.weather}
    seen = "which it learned from" if known else "which it never saw"
    title = f"<h2>{escape(held_out.weather.name)}, {seen}, {held_out.seasons} seasons</h2>"
    plots = "".join(_plots(card.house, lived))
    return title + _table(held_out) + _money(lived) + plots


def _table(held_out: HeldOut) -> str:
    rows = "".join(
        f"<tr><td>{escape(figure.controller)}<td>{escape(figure.name)}<td>{figure.value.mean:.4g}"
        f"<td>[{figure.value.low:.4g}, {figure.value.high:.4g}]<td>{escape(figure.unit)}"
        f"<td>{_difference(figure.less_policy)}"
        for figure in held_out.figures
    )
    head = "<tr><th>controller<th>figure<th>mean<th>95 %<th>unit<th>more than the policy"
    return f"<table>{head}{rows}</table>"


def _difference(found: Interval | None) -> str:
    return "" if found is None else f"{found.mean:+.4g} [{found.low:+.4g}, {found.high:+.4g}]"


def _money(lived: Mapping[str, Lived]) -> str:
    """Return what each part came to as bars, alike in scale for all controllers."""
    largest = max(abs(part) for came in lived.values() for part in came.parts.values()) or 1.0
    rows = []
    for who, came in lived.items():
        for name, part in came.parts.items():
            length = 300.0 * abs(part) / largest
            colour = _COLOURS[0] if part >= 0.0 else _COLOURS[1]
            box = f"<rect width='{length:.1f}' height='12' fill='{colour}'/>"
            bar = f"<svg width='310' height='12'>{box}</svg>"
            rows.append(f"<tr><td>{escape(who)}<td>{escape(name)}<td>{part:.3f}<td>{bar}")
    head = "<tr><th>controller<th>part<th>EUR/m² a season<th>"
    return f"<h3>Money</h3><table>{head}{''.join(rows)}</table>"


def _plots(house: House, lived: Mapping[str, Lived]) -> list[str]:
    """Return a plot a quantity of the climate, an actuator and a set-point, of the first season."""
    names, limits = [field.name for field in inputs_of(house)], limits_of(house)
    dials = names[-len(dials_of(house)) :]

    def seen(name: str) -> str:
        lines = [came.seen[:, names.index(name)] for came in lived.values()]
        return _plot(name, lines, limits.get(name, Limit()))

    plots = ["<h3>Climate of the first season</h3>", _legend(lived), _DASHED[house is House.COOP]]
    plots += [seen(name) for name in _CLIMATE if name in names]
    plots += [
        _violations(lived),
        "<h3>Actuators of the first season</h3>",
        *_actuators(house, lived),
    ]
    return [*plots, "<h3>Set-points of the first season</h3>", *map(seen, dials)]


def _actuators(house: House, lived: Mapping[str, Lived]) -> list[str]:
    """Return a plot an actuator; where a policy moves them itself they are the set-points."""
    names = next(iter(lived.values())).actuators
    if {dial.name for dial in dials_of(house)} & set(names):
        return ["<p>The policy moves them itself: they are its set-points.</p>"]
    return [
        _plot(name, [came.steered[:, at] for came in lived.values()], Limit(), ends=(0.0, 1.0))
        for at, name in enumerate(names)
    ]


def _violations(lived: Mapping[str, Lived]) -> str:
    """Return bars of the hours of each day beyond each limit."""
    bars, kept = [], []
    for name in next(iter(lived.values())).beyond:
        days = [came.beyond[name] for came in lived.values()]
        if any(one.any() for one in days):
            bars.append(_bars(f"{name}, h a day", days))
        else:
            kept.append(name)
    told = f"<p>Nobody was beyond: {escape(', '.join(kept))}.</p>" if kept else ""
    return f"<h3>Violations: hours of each day beyond limits</h3>{told}{''.join(bars)}"


def _bars(name: str, days: Sequence[Floats]) -> str:
    highest = max(float(one.max()) for one in days)
    width = (_WIDTH - _MARGIN) / len(days[0])
    drawn = []
    for at, (one, colour) in enumerate(zip(days, _COLOURS, strict=False)):
        for day, hours in enumerate(one.tolist()):
            x, tall = _MARGIN + (day + at / (len(days) + 1)) * width, _HEIGHT * hours / highest
            drawn.append(
                f"<rect x='{x:.1f}' y='{_HEIGHT - tall:.1f}' width='{width / (len(days) + 1):.1f}'"
                f" height='{tall:.1f}' fill='{colour}'/>"
            )
    return _framed(name, 0.0, highest, drawn)


def _front(name: str, both: Fronts) -> str:
    """Return heat stress against energy: a point a weighing, the policy's filled."""
    shown = ((both.policy, _COLOURS[0]), (both.tuned, "none"))
    widest = 1.05 * max(float(front.energy.mean(axis=1).max()) for front, _ in shown)
    highest = 1.05 * max(float(front.stress.mean(axis=1).max()) for front, _ in shown) or 1.0
    dots = "".join(
        f"<circle cx='{_MARGIN + x / widest * (_WIDTH - _MARGIN):.1f}'"
        f" cy='{2 * _HEIGHT * (1.0 - y / highest):.1f}' r='4' fill='{fill}' stroke='#000'/>"
        for front, fill in shown
        for x, y in zip(front.energy.mean(axis=1), front.stress.mean(axis=1), strict=True)
    )
    rows = "".join(f"<li>{escape(beside.told())}</li>" for beside in both.beside)
    return (
        f"<h2>{escape(name)}: heat stress against energy</h2>"
        f"<p>Filled: the policy. Hollow: stages with set-points that stay. To {highest:.4g} h and "
        f"{widest:.3g} kWh/m².</p><svg width='{_WIDTH}' height='{2 * _HEIGHT}' role='img'"
        f" aria-label='front'><path d='M{_MARGIN} 0V{2 * _HEIGHT}H{_WIDTH}' fill='none'"
        f" stroke='#000'/>{dots}</svg><ul>{rows}</ul>"
    )


def _legend(lived: Mapping[str, Lived]) -> str:
    spans = (
        f"<span style='color:{colour}'>■ {escape(who)}</span> "
        for who, colour in zip(lived, _COLOURS, strict=False)
    )
    return f"<p>{''.join(spans)}</p>"


def _plot(
    name: str, lines: Sequence[Floats], limit: Limit, ends: tuple[float, float] | None = None
) -> str:
    """Return lines over the season and its limits, all of which the axis holds."""
    dashes = [value for value in limit if isfinite(value)]
    shown = [*dashes, *(ends or ())]
    low: float = min([*(float(line.min()) for line in lines), *shown])
    high: float = max([*(float(line.max()) for line in lines), *shown])
    room = _ROOM * (high - low) if dashes else 0.0
    low, high = low - room, high + room
    span = (high - low) or 1.0

    def height(value: float) -> float:
        return _HEIGHT * (1.0 - (value - low) / span)

    drawn = []
    for line, colour in zip(lines, _COLOURS, strict=False):
        every = max(len(line) // _POINTS, 1)
        points = " ".join(
            f"{_MARGIN + at / len(line) * (_WIDTH - _MARGIN):.1f},{height(float(line[at])):.1f}"
            for at in range(0, len(line), every)
        )
        drawn.append(f"<polyline points='{points}' fill='none' stroke='{colour}'/>")
    drawn += [
        f"<path d='M{_MARGIN} {height(dash):.1f}H{_WIDTH}' stroke='#000' stroke-dasharray='4'/>"
        for dash in dashes
    ]
    return _framed(name, low, high, drawn)


def _framed(name: str, low: float, high: float, drawn: Sequence[str]) -> str:
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT + 6}' role='img' aria-label='{escape(name)}'>"
        f"<text x='0' y='12' font-size='11'>{high:.4g}</text>"
        f"<text x='0' y='{_HEIGHT}' font-size='11'>{low:.4g}</text>{''.join(drawn)}"
        f"<text x='{_MARGIN + 6}' y='14' font-size='13'>{escape(name)}</text></svg>"
    )
