"""Freezes a learned ensemble, proves that the files agree with it, and writes their card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokkatot.vision.data.impostors import TAUGHT, UNTAUGHT, impostors
from tokkatot.vision.data.photos import PhotoSet
from tokkatot.vision.data.splits import HELD_OUT, Part
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import Description, Ensemble
from tokkatot.vision.evaluate.figures import figures
from tokkatot.vision.evaluate.judging import judge_set
from tokkatot.vision.evaluate.learned import write_learned
from tokkatot.vision.evaluate.scores import Score
from tokkatot.vision.findings import FINDINGS
from tokkatot.vision.train.config import TrainConfig
from tokkatot.vision.train.exporting import export, parity
from tokkatot.vision.train.learning import (
    Divided,
    divided_photos,
    expect_split,
    load_members,
    load_mix,
)
from tokkatot.vision.train.sources import places, sources

CARD = "CARD.md"
_TEMPLATE = Path(__file__).parent / "card.md"
_COMPARED = 64
KNOWN_COUNT = 12
KNOWN_SEED = 77_003


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was made, and how far it is from what was learned."""

    version: str
    parity: float


def freeze(
    config: TrainConfig,
    photos: PhotoSet,
    run: Path,
    out: Path,
    *,
    count: Callable[[int, int], None],
) -> Frozen:
    """Write models, description and card into `out`.

    Raises:
        DataRefused: where the photographs, or a finished learning by these settings, can't be read,
            or it was learned from another division of photographs.
    """
    mix = load_mix(config, run)
    divided = divided_photos(config, photos, count)
    expect_split(divided.split, run)
    networks = load_members(config, run)
    description = export(networks, mix, out)
    write_learned(divided.canvases[divided.where(Part.TRAIN)], out)
    ensemble = Ensemble.load(out)
    some = divided.canvases[divided.where(Part.VALIDATION)][:_COMPARED]
    difference = parity(networks, ensemble, some)
    held_out = photos.only(lambda photo: divided.split[photo.name] in HELD_OUT)
    detector = Detector(ensemble)
    found = dict(figures(judge_set(detector, held_out, divided.split, count), detector))
    sizes = [(out / model.file).stat().st_size for model in description.models]
    known = known_answers(detector)
    origin = {
        "sources": sources(divided.photos, config.members),
        "places": places(divided.photos),
    }
    (out / CARD).write_text(
        _card(description, divided, found, known, origin, size=sum(sizes), difference=difference)
    )
    return Frozen(version=description.version, parity=difference)


def known_answers(detector: Detector) -> list[list[float]]:
    """Return doubt and probabilities of some drawn pictures, by which anybody can check files."""
    drawn = impostors(KNOWN_COUNT, seed=KNOWN_SEED, kinds={**TAUGHT, **UNTAUGHT})
    judged = [verdict.judged for verdict in detector.judge_canvases(list(drawn))]
    return [[one.doubt, *(one.probabilities[finding] for finding in FINDINGS)] for one in judged]


def _card(
    description: Description,
    divided: Divided,
    found: Mapping[str, Score],
    known: Sequence[Sequence[float]],
    origin: Mapping[str, str],
    *,
    size: int,
    difference: float,
) -> str:
    sizes = {part: len(divided.where(part)) for part in Part}
    rows = "\n".join(
        f"| `{name}` | {score.value:.4f} | {score.low:.4f} to {score.high:.4f} | {score.count} |"
        for name, score in found.items()
    )
    members = "\n".join(
        f"| {model.name} | {temperature:.2f} | `{model.sha256}` |"
        for model, temperature in zip(description.models, description.mix.alone, strict=True)
    )
    return _TEMPLATE.read_text().format(
        version=description.version,
        megabytes=size / 1e6,
        parity=difference,
        rows=rows,
        known_seed=KNOWN_SEED,
        known="\n".join(_known_row(number, values) for number, values in enumerate(known)),
        members=members,
        train=sizes[Part.TRAIN],
        validation=sizes[Part.VALIDATION],
        test=sizes[Part.TEST],
        unseen=sizes[Part.UNSEEN],
        temperature=description.mix.together,
        doubt=description.mix.doubt_above,
        **origin,
    )


def _known_row(number: int, values: Sequence[float]) -> str:
    cells = " | ".join(f"{value:.4f}" for value in values)
    return f"| {number} | {cells} |"
