"""Pictures of no dropping, drawn by seed: what a camera may send that must not be judged."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from tokkatot.vision.preprocess.canvas import SIDE, Pixels

Draw = Callable[[np.random.Generator], Pixels]

_GROUNDS = ((120, 95, 70), (165, 140, 105), (90, 85, 80), (70, 90, 50), (150, 150, 150))
"""Soil, straw, concrete, grass, plastic."""


def impostors(count: int, *, seed: int, kinds: Mapping[str, Draw]) -> npt.NDArray[np.uint8]:
    """Return `count` pictures, each kind in its turn."""
    draws = list(kinds.values())
    random = np.random.default_rng(seed)
    drawn = [draws[number % len(draws)](random) for number in range(count)]
    return np.stack(drawn) if drawn else np.empty((0, SIDE, SIDE, 3), np.uint8)


def _ground(random: np.random.Generator) -> npt.NDArray[np.float64]:
    base = np.array(_GROUNDS[random.integers(len(_GROUNDS))], float)
    return np.clip(base + random.normal(0, 18, 3), 0, 255)


def _any_colour(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in random.integers(0, 256, 3))
    return red, green, blue


def _pixels(values: npt.NDArray[np.float64]) -> Pixels:
    return np.clip(np.broadcast_to(values, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def _waves(random: np.random.Generator, *, coarsest: int, finest: int) -> npt.NDArray[np.float64]:
    """Return noise between 0 and 1 that has detail of several sizes."""
    total = np.zeros((SIDE, SIDE))
    cells, weight = coarsest, 1.0
    while cells <= finest:
        noise = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
        total += weight * np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC), float)
        cells, weight = cells * 2, weight * 0.6
    return np.asarray((total - total.min()) / max(float(np.ptp(total)), 1e-9), float)


def _plain(random: np.random.Generator) -> Pixels:
    level = random.choice([0.0, 255.0, random.uniform(0, 255)])
    colour = random.uniform(0, 255, 3) if random.random() < 0.5 else np.full(3, level)
    return _pixels(colour + random.normal(0, random.uniform(0, 4), (SIDE, SIDE, 3)))


def _noise(random: np.random.Generator) -> Pixels:
    if random.random() < 0.5:
        return random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return _pixels(_ground(random) + random.normal(0, random.uniform(15, 70), (SIDE, SIDE, 1)))


def _gradient(random: np.random.Generator) -> Pixels:
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    angle = random.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    if random.random() < 0.4:
        along = np.hypot(x - random.uniform(0, 1), y - random.uniform(0, 1))
    along = ((along - along.min()) / np.ptp(along))[..., None]
    ends = [
        np.array(_any_colour(random), float) if random.random() < 0.5 else _ground(random)
        for _ in range(2)
    ]
    return _pixels(ends[0] * along + ends[1] * (1 - along))


def _soil(random: np.random.Generator) -> Pixels:
    """Draw bare ground: noise of all sizes in one colour."""
    waves = _waves(random, coarsest=int(random.integers(2, 8)), finest=112)[..., None]
    return _pixels(_ground(random) * (0.55 + 0.9 * waves) + random.normal(0, 5, (SIDE, SIDE, 3)))


def _objects(random: np.random.Generator) -> Pixels:
    """Draw coloured shapes with hard edges on a plain or rough ground."""
    canvas = Image.fromarray(_soil(random) if random.random() < 0.5 else _plain(random))
    draw = ImageDraw.Draw(canvas)
    for _ in range(random.integers(1, 9)):
        x, y = (float(value) for value in random.uniform(-10, SIDE, 2))
        width, height = (float(value) for value in random.uniform(8, 80, 2))
        colour = _any_colour(random)
        match random.integers(4):
            case 0:
                draw.ellipse((x, y, x + width, y + height), fill=colour)
            case 1:
                draw.rectangle((x, y, x + width, y + height), fill=colour)
            case 2:
                corners = [(x + dx, y + dy) for dx, dy in random.uniform(0, 60, (3, 2)).tolist()]
                draw.polygon(corners, fill=colour)
            case _:
                draw.line(
                    (x, y, x + width, y + height), fill=colour, width=int(random.integers(1, 8))
                )
    return np.asarray(canvas)


def _stripes(random: np.random.Generator) -> Pixels:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    angle = random.uniform(0, np.pi)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * random.uniform(0.1, 1.5))
    if random.random() < 0.4:
        wave = np.sign(wave * np.sin((x * np.sin(angle) - y * np.cos(angle)) * 0.4))
    share = ((wave + 1) / 2)[..., None]
    return _pixels(_ground(random) * share + np.array(_any_colour(random)) * (1 - share))


def _straw(random: np.random.Generator) -> Pixels:
    """Draw litter or grass: many thin strokes."""
    ground = _ground(random)
    canvas = Image.fromarray(_pixels(ground * 0.7))
    draw = ImageDraw.Draw(canvas)
    for _ in range(random.integers(120, 420)):
        x, y = random.uniform(0, SIDE, 2)
        angle, reach = random.uniform(0, np.pi), random.uniform(5, 30)
        red, green, blue = np.clip(ground * random.uniform(0.6, 1.5), 0, 255).astype(int).tolist()
        draw.line(
            (x, y, x + reach * np.cos(angle), y + reach * np.sin(angle)),
            fill=(red, green, blue),
            width=int(random.integers(1, 3)),
        )
    return np.asarray(canvas)


def _haze(random: np.random.Generator) -> Pixels:
    """Draw blobs of any colour, far out of focus."""
    tiny = random.integers(0, 256, (int(random.integers(2, 7)),) * 2 + (3,), dtype=np.uint8)
    canvas = Image.fromarray(tiny).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(random.uniform(2, 9))))


def _gravel(random: np.random.Generator) -> Pixels:
    """Draw stones: each point takes the shade of the nearest of some seeds."""
    stones = int(random.integers(15, 120))
    seeds = random.uniform(0, SIDE, (stones, 2))
    shades = _ground(random) * random.uniform(0.6, 1.4, (stones, 1))
    grid = np.moveaxis(np.mgrid[0:SIDE, 0:SIDE], 0, -1).reshape(-1, 1, 2)
    nearest = ((grid - seeds) ** 2).sum(-1).argmin(1)
    return _pixels(shades[nearest].reshape(SIDE, SIDE, 3) + random.normal(0, 8, (SIDE, SIDE, 3)))


def _page(random: np.random.Generator) -> Pixels:
    """Draw a written page or a screen."""
    dark = random.random() < 0.3
    canvas = Image.new("RGB", (SIDE, SIDE), (25, 28, 33) if dark else (245, 243, 238))
    draw = ImageDraw.Draw(canvas)
    ink = (210, 214, 220) if dark else (30, 30, 35)
    for top in range(int(random.integers(3, 10)), SIDE, int(random.integers(7, 14))):
        left = 6.0
        while left < SIDE - 12:
            word = random.uniform(4, 18)
            draw.rectangle((left, top, left + word, top + 3), fill=ink)
            left += word + 4
    return np.asarray(canvas)


def _bricks(random: np.random.Generator) -> Pixels:
    """Draw a wall or tiles."""
    canvas = Image.fromarray(_pixels(_ground(random)))
    draw = ImageDraw.Draw(canvas)
    height, width = int(random.integers(8, 26)), int(random.integers(14, 40))
    base = np.array(_any_colour(random), float)
    for row, top in enumerate(range(0, SIDE, height)):
        for left in range(-width * (row % 2) // 2, SIDE, width):
            red, green, blue = np.clip(base * random.uniform(0.8, 1.2), 0, 255).astype(int).tolist()
            draw.rectangle((left, top, left + width - 2, top + height - 2), fill=(red, green, blue))
    return np.asarray(canvas)


def _leaf(random: np.random.Generator) -> Pixels:
    """Draw one smooth, shaded thing in the middle: a leaf, an egg, a stone."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    radius = np.hypot(x * random.uniform(1, 2.5), y * random.uniform(1, 2.5))
    inside = (radius < random.uniform(0.5, 0.95))[..., None]
    shade = (1.2 - 0.5 * radius)[..., None] * np.array(_any_colour(random), float)
    return _pixels(np.where(inside, shade, _soil(random)) + random.normal(0, 3, (SIDE, SIDE, 3)))


TAUGHT: Mapping[str, Draw] = MappingProxyType(
    {
        "plain": _plain,
        "noise": _noise,
        "gradient": _gradient,
        "soil": _soil,
        "objects": _objects,
        "stripes": _stripes,
        "straw": _straw,
        "haze": _haze,
    }
)
"""What the models learn from."""

UNTAUGHT: Mapping[str, Draw] = MappingProxyType(
    {"gravel": _gravel, "page": _page, "bricks": _bricks, "leaf": _leaf}
)
"""What they are tested on alone, so that the test tells more than that they remember."""
