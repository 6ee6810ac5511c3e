"""A whole learning on a few drawn pictures: what it makes, and that it goes on where it stopped."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import numpy as np
import pytest

from tests.support.pictures import drawn, encoded, write_set
from tokkatot.cloud.detections.lending import labelled
from tokkatot.cloud.detections.model import Detection, Told
from tokkatot.vision.data.photos import DataRefused, PhotoSet, read_photos, read_sets
from tokkatot.vision.data.splits import Part, read_split
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import Ensemble, ModelRefused
from tokkatot.vision.findings import FINDINGS
from tokkatot.vision.train.config import KernelConfig, NetworkConfig, SplitConfig, TrainConfig

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]

CONFIG = TrainConfig(
    split=SplitConfig(seed=1, validation=0.2, test=0.2, unseen=0.0),
    members={
        "small": NetworkConfig(
            network="small", seed=1, epochs=2, batch=8, rate=1e-3, width=4, precision="float32"
        ),
        "colours": KernelConfig(seed=2, landmarks=12, variations=1),
    },
    drawn_impostors=16,
    threads=1,
)


def lent(number: int) -> Detection:
    return Detection(
        id=UUID(int=number),
        house_id=UUID(int=1),
        camera="front",
        t=datetime(2026, 3, 1 + number, 10, tzinfo=UTC),
        marked_as=Told.COCCIDIOSIS,
        thumbnail=encoded(drawn(5_000 + number)),
    )


class Interrupted(Exception):
    """What a person's Ctrl-C is."""


def untold(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    write_set(
        tmp_path / "set",
        {
            finding.value: [drawn(100 * place + n, width=112, height=112) for n in range(15)]
            for place, finding in enumerate(FINDINGS)
        },
    )
    return read_photos(tmp_path / "set")


def test_an_ensemble_is_learned_frozen_and_judges(photos: PhotoSet, tmp_path: Path) -> None:
    from tokkatot.vision.train.freezing import CARD, freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import SPLIT_FILE, Sources, learn  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    told: list[str] = []

    mix = learn(CONFIG, Sources(photos=photos, weights=None), run, tell=told.append, count=untold)
    frozen = freeze(CONFIG, photos, run, out, count=untold)

    split = read_split(run / SPLIT_FILE, photos.photos)
    assert [line.split(",")[0] for line in told] == [
        "small: round 1 of 2",
        "small: round 2 of 2",
        "colours: learns from 36 photographs and 16 drawn pictures",
        "colours: learned",
    ]
    assert len(mix.alone) == len(CONFIG.members)
    assert list(split.values()).count(Part.TRAIN) == 36
    assert frozen.parity < 1e-4
    detector = Detector(Ensemble.load(out))
    verdict = detector.judge(photos.path(photos.photos[0]).read_bytes())
    assert detector.models == ("small", "colours")
    assert sum(verdict.judged.probabilities.values()) == pytest.approx(1)
    card = (out / CARD).read_text()
    assert "those of whoever learned these models" in card
    assert "Zenodo" not in card
    assert "Tanzania" not in card
    assert (out / "learned.bin").stat().st_size == 36 * 8
    assert frozen.version in card
    assert "| `accuracy` |" in card


def test_the_same_models_mixed_otherwise_are_another_version(
    photos: PhotoSet, tmp_path: Path
) -> None:
    from tokkatot.vision.train.exporting import export  # noqa: PLC0415
    from tokkatot.vision.train.learning import Sources, learn, load_members  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    sources = Sources(photos=photos, weights=None)
    mix = learn(CONFIG, sources, run, tell=lambda _: None, count=untold)
    networks = load_members(CONFIG, run)
    surer = msgspec.structs.replace(mix, together=mix.together / 2)

    first, again = export(networks, mix, out), export(networks, mix, out)
    other = export(networks, surer, out)

    assert first.version == again.version != other.version


def test_a_learning_that_was_stopped_goes_on_and_ends_the_same(
    photos: PhotoSet, tmp_path: Path
) -> None:
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    def stop(text: str) -> None:
        assert "round 1" in text
        raise Interrupted

    sources = Sources(photos=photos, weights=None)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    rest: list[str] = []

    learn(CONFIG, sources, whole, tell=lambda _: None, count=untold)
    with pytest.raises(Interrupted):
        learn(CONFIG, sources, resumed, tell=stop, count=untold)
    learn(CONFIG, sources, resumed, tell=rest.append, count=untold)

    assert [line.split(",")[0] for line in rest if "round" in line] == ["small: round 2 of 2"]
    one, other = (torch.load(folder / "small.pt")["state"] for folder in (whole, resumed))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_learning_by_other_settings_begins_anew(photos: PhotoSet, tmp_path: Path) -> None:
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    sources = Sources(photos=photos, weights=None)
    told: list[str] = []
    learn(CONFIG, sources, tmp_path, tell=lambda _: None, count=untold)

    others = msgspec.structs.replace(CONFIG, shown={"newcastle": 2.0})
    learn(others, sources, tmp_path, tell=told.append, count=untold)

    assert len([line for line in told if "round" in line]) == 2


def test_a_folder_goes_on_only_with_the_division_that_it_was_begun_by(
    photos: PhotoSet, tmp_path: Path
) -> None:
    from tokkatot.vision.train.learning import SPLIT_FILE, Sources, learn  # noqa: PLC0415

    run, told = tmp_path / "run", list[str]()
    sources = Sources(photos=photos, weights=None)
    learn(CONFIG, sources, run, tell=lambda _: None, count=untold)
    before = (run / SPLIT_FILE).read_text()
    for place, finding in enumerate(FINDINGS):
        more = drawn(1000 + place, width=112, height=112)
        (tmp_path / "set" / finding.value / "more.png").write_bytes(encoded(more, "PNG"))

    grown = Sources(photos=read_photos(tmp_path / "set"), weights=None)

    with pytest.raises(DataRefused, match="another division"):
        learn(CONFIG, grown, run, tell=told.append, count=untold)

    assert (run / SPLIT_FILE).read_text() == before
    assert told == []


def test_models_are_judged_on_nothing_that_they_learned_from(
    photos: PhotoSet, tmp_path: Path
) -> None:
    from tokkatot.vision.train.freezing import freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import SPLIT_FILE, Sources, learn  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    learn(CONFIG, Sources(photos=photos, weights=None), run, tell=lambda _: None, count=untold)
    fewer = photos.only(lambda photo: photo != photos.photos[0])

    with pytest.raises(DataRefused, match="another division"):
        freeze(CONFIG, fewer, run, out, count=untold)
    (run / SPLIT_FILE).unlink()
    with pytest.raises(DataRefused, match="is no split"):
        freeze(CONFIG, photos, run, out, count=untold)
    assert not out.exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"shown": {"pcr": 3.0}},
        {"split": msgspec.structs.replace(CONFIG.split, seed=2)},
        {"members": {"small": CONFIG.members["small"]}},
        {"members": dict(reversed(CONFIG.members.items()))},
    ],
    ids=["shown", "split", "fewer", "order"],
)
def test_what_was_mixed_by_other_settings_is_not_frozen(
    photos: PhotoSet, tmp_path: Path, settings: dict[str, Any]
) -> None:
    from tokkatot.vision.train.freezing import freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    learn(CONFIG, Sources(photos=photos, weights=None), run, tell=lambda _: None, count=untold)
    others = msgspec.structs.replace(CONFIG, **settings)

    with pytest.raises(DataRefused, match="no finished learning by these settings"):
        freeze(others, photos, run, out, count=untold)
    assert not out.exists()


def test_weights_of_other_settings_or_none_are_not_frozen(photos: PhotoSet, tmp_path: Path) -> None:
    from tokkatot.vision.train.freezing import freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    sources = Sources(photos=photos, weights=None)
    learn(CONFIG, sources, run, tell=lambda _: None, count=untold)
    others = msgspec.structs.replace(CONFIG, shown={"pcr": 3.0})

    def stop(text: str) -> None:
        if text.startswith("colours"):
            raise Interrupted

    with pytest.raises(Interrupted):
        learn(others, sources, run, tell=stop, count=untold)

    # `small` is of the others now, and the mixture is of the first.
    with pytest.raises(DataRefused, match="no finished learning by these settings"):
        freeze(others, photos, run, out, count=untold)
    with pytest.raises(DataRefused, match=r"small\.pt was learned by other settings"):
        freeze(CONFIG, photos, run, out, count=untold)
    (run / "small.pt").unlink()
    with pytest.raises(DataRefused, match=r"small\.pt can't be read"):
        freeze(CONFIG, photos, run, out, count=untold)
    assert not out.exists()


def test_fewer_photographs_than_one_batch_are_refused(photos: PhotoSet, tmp_path: Path) -> None:
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    small = CONFIG.members["small"]
    assert isinstance(small, NetworkConfig)
    wide = msgspec.structs.replace(small, batch=37)
    config = msgspec.structs.replace(CONFIG, members={"small": wide})
    sources = Sources(photos=photos, weights=None)

    with pytest.raises(DataRefused, match=r"36 photographs .* fewer than one batch of 37"):
        learn(config, sources, tmp_path / "run", tell=lambda _: None, count=untold)
    assert not (tmp_path / "run" / "small.pt").exists()


@pytest.mark.parametrize("network", ["mobilenet", "small"])
def test_weights_to_start_from_that_are_not_there_are_refused(
    photos: PhotoSet, tmp_path: Path, network: Literal["mobilenet", "small"]
) -> None:
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    member = NetworkConfig(
        network=network, imagenet="none.pth", seed=1, epochs=1, batch=8, rate=1e-3
    )
    config = msgspec.structs.replace(CONFIG, members={"one": member})

    with pytest.raises(DataRefused, match=r"imagenet|none\.pth"):
        learn(
            config,
            Sources(photos=photos, weights=tmp_path),
            tmp_path / "run",
            tell=lambda _: None,
            count=untold,
        )


def test_marks_of_one_class_are_learned_from_beside_another_set(
    photos: PhotoSet, tmp_path: Path
) -> None:
    from tokkatot.vision.train.freezing import CARD, freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import SPLIT_FILE, Sources, learn  # noqa: PLC0415

    marks, run, out = tmp_path / "marks", tmp_path / "run", tmp_path / "models"
    zipfile.ZipFile(io.BytesIO(labelled([lent(number) for number in range(10)]))).extractall(marks)
    alone = Sources(photos=read_photos(marks), weights=None)
    with pytest.raises(DataRefused, match="see to healthy, newcastle, salmonella"):
        learn(CONFIG, alone, run, tell=lambda _: None, count=untold)

    joined = read_sets([tmp_path / "set", marks])
    sources = Sources(photos=joined, weights=None)
    learn(CONFIG, sources, run, tell=lambda _: None, count=untold)
    freeze(CONFIG, joined, run, out, count=untold)

    split = read_split(run / SPLIT_FILE, joined.photos)
    parts = [part for name, part in split.items() if name.startswith("marks/coccidiosis/")]
    assert [parts.count(part) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)] == [6, 2, 2]
    assert len(split) == len(photos.photos) + len(parts)
    assert (out / "learned.bin").stat().st_size == (36 + 6) * 8
    assert "| `accuracy` |" in (out / CARD).read_text()


def test_classes_that_no_model_knows_are_refused(tmp_path: Path) -> None:
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    write_set(tmp_path / "set", {"cats": [drawn(1)], "dogs": [drawn(2)]})
    sources = Sources(photos=read_photos(tmp_path / "set"), weights=None)

    with pytest.raises(DataRefused, match="classes must be"):
        learn(CONFIG, sources, tmp_path / "run", tell=lambda _: None, count=untold)


def test_labels_that_contradict_each_other_are_not_learned_from(
    photos: PhotoSet, tmp_path: Path
) -> None:
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    copied = photos.path(photos.photos[0]).read_bytes()
    (tmp_path / "set" / "salmonella" / "copy.png").write_bytes(copied)
    one, *_, other = photos.photos
    grouped = {one: replace(one, group="g"), other: replace(other, group="g")}
    by_group = replace(photos, photos=tuple(grouped.get(photo, photo) for photo in photos.photos))

    for contradicting, told in (
        (read_photos(tmp_path / "set"), "look the same"),
        (by_group, "group g"),
    ):
        sources = Sources(photos=contradicting, weights=None)
        with pytest.raises(DataRefused, match=rf"{told}.*tells of all that is wrong"):
            learn(CONFIG, sources, tmp_path / "run", tell=lambda _: None, count=untold)
    assert list((tmp_path / "run").iterdir()) == []


def test_models_that_were_tampered_with_are_refused(photos: PhotoSet, tmp_path: Path) -> None:
    from tokkatot.vision.train.freezing import freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    run, out = tmp_path / "run", tmp_path / "models"
    learn(CONFIG, Sources(photos=photos, weights=None), run, tell=lambda _: None, count=untold)
    freeze(CONFIG, photos, run, out, count=untold)
    file = out / "small.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    with pytest.raises(ModelRefused, match="not the described file"):
        Ensemble.load(out)
