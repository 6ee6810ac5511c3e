"""Learns an ensemble: divides the set, learns each network, and mixes them.

A folder may hold what different settings made: weights and mixture note by which they came about.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from tokkatot.vision.data.canvases import Canvases, read_canvases
from tokkatot.vision.data.checking import conflicts
from tokkatot.vision.data.fingerprints import fingerprints, near_pairs
from tokkatot.vision.data.impostors import TAUGHT, impostors
from tokkatot.vision.data.photos import DataRefused, Photo, PhotoSet
from tokkatot.vision.data.splits import Part, Split, divide, read_split, write_split
from tokkatot.vision.detect.mixing import Mix
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.train.blending import fit_mix
from tokkatot.vision.train.config import (
    KernelConfig,
    MemberConfig,
    TrainConfig,
    digest_of,
)
from tokkatot.vision.train.fitting import (
    Fitting,
    Lessons,
    Round,
    answers_of,
    new_network,
    taught_network,
)
from tokkatot.vision.train.kernels import learn_kernels, new_machine
from tokkatot.vision.train.networks import Mirrored

SPLIT_FILE = "split.csv"
MIX_FILE = "mix.json"

Tell = Callable[[str], None]
Count = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the photographs are, and the folder of the weights to start from."""

    photos: PhotoSet
    weights: Path | None


class Mixed(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished learning leaves: the mixture, and of what."""

    members: tuple[tuple[str, str], ...]
    """The name of each, in order, with the digest of all that it was learned by."""
    mix: Mix


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """A set on canvases, with the part and the label of each."""

    photos: tuple[Photo, ...]
    canvases: Canvases
    labels: npt.NDArray[np.int64]
    split: Split

    def where(self, *parts: Part) -> npt.NDArray[np.int64]:
        """Return the numbers of the photographs of some parts."""
        return np.flatnonzero([self.split[photo.name] in parts for photo in self.photos])


def learn(config: TrainConfig, sources: Sources, out: Path, *, tell: Tell, count: Count) -> Mix:
    """Learn everything that the folder `out` does not hold yet, and write it there.

    Two processes may learn a member each in the same folder.

    Raises:
        DataRefused: where the photographs can't be learned from, or are divided otherwise than what
            the folder holds.
    """
    torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    divided = divided_photos(config, sources.photos, count)
    _keep_split(divided.split, out)
    for name in config.members:
        learn_member(name, config, divided, sources.weights, out, tell)
    networks = load_members(config, out)
    seen = divided.where(Part.VALIDATION)
    answers = [answers_of(network, divided.canvases[seen]) for network in networks.values()]
    mix = fit_mix(answers, divided.labels[seen])
    mixed = Mixed(members=_digests(config), mix=mix)
    (out / MIX_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(mixed)) + b"\n")
    return mix


def load_mix(config: TrainConfig, run: Path) -> Mix:
    """Return how what was learned by these settings is mixed.

    Raises:
        DataRefused: where such a learning has not come to its end.
    """
    try:
        mixed = msgspec.json.decode((run / MIX_FILE).read_bytes(), type=Mixed)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataRefused(f"{run} holds no finished learning: {error}") from None
    if mixed.members != _digests(config):
        raise DataRefused(
            f"{run} holds no finished learning by these settings: run `train` with them to its end."
        )
    return mixed.mix


def divided_photos(config: TrainConfig, photos: PhotoSet, count: Count) -> Divided:
    """Read a set and divide it as the configuration says.

    Raises:
        DataRefused: where it can't be learned from.
    """
    strange = set(photos.labels()) ^ {finding.value for finding in Finding}
    if strange:
        raise DataRefused(
            f"The classes must be {', '.join(FINDINGS)}, of all sets together; see to "
            f"{', '.join(sorted(strange))}."
        )
    canvases = read_canvases(photos, count)
    copies = list(near_pairs(fingerprints(canvases)))
    for conflict in conflicts(photos.photos, copies):
        raise DataRefused(f"{conflict.text}; `data check` tells of all that is wrong.")
    split = divide(photos.photos, copies, config.split.shares, seed=config.split.seed)
    return Divided(
        photos=photos.photos,
        canvases=canvases,
        labels=np.array([FINDINGS.index(Finding(photo.label)) for photo in photos.photos]),
        split=split,
    )


def expect_split(split: Split, run: Path) -> None:
    """Make sure that a folder's models were learned from this division of photographs.

    Raises:
        DataRefused: where they were not: what is held out by it may have been learned.
    """
    if read_split(run / SPLIT_FILE, ()) != split:
        raise DataRefused(
            f"{run} was learned from another division of photographs; take a new folder."
        )


def load_members(config: TrainConfig, out: Path) -> dict[str, torch.nn.Module]:
    """Return the learned networks by name, as they are exported.

    Raises:
        DataRefused: where one of them is not there, or was learned by other settings.
    """
    return {name: _load_member(name, config, out) for name in config.members}


def _load_member(name: str, config: TrainConfig, out: Path) -> torch.nn.Module:
    path = _weights(out, name)
    try:
        saved = torch.load(path)
    except OSError as error:
        raise DataRefused(f"{path} can't be read: {error.strerror}.") from None
    if saved["digest"] != _digest(name, config):
        raise DataRefused(f"{path} was learned by other settings: run `train` with these.")
    member = config.members[name]
    if isinstance(member, KernelConfig):
        machine = new_machine(member)
        machine.load_state_dict(saved["state"])
        # Its histograms are the same whichever way a picture is turned.
        return machine.eval()
    network = new_network(member)
    network.load_state_dict(saved["state"])
    return Mirrored(network).eval()


def learn_member(
    name: str,
    config: TrainConfig,
    divided: Divided,
    weights: Path | None,
    out: Path,
    tell: Tell,
) -> None:
    """Learn what is left of one network, and write its weights.

    Raises:
        DataRefused: where what it starts from is not there.
    """
    member = config.members[name]
    digest = _digest(name, config)
    lessons = _lessons(config, member, divided)

    def told(done: Round) -> None:
        tell(f"{name}: round {done.epoch} of {done.epochs}, loss {done.loss:.4f}")

    if isinstance(member, KernelConfig):
        tell(
            f"{name}: learns from {len(lessons.labels)} photographs and {len(lessons.impostors)} "
            "drawn pictures"
        )
        state = learn_kernels(member, lessons).state_dict()
        tell(f"{name}: learned")
    else:
        network = taught_network(member, weights)
        checkpoint = out / f"{name}.checkpoint.pt"
        fitting = Fitting(member, network, checkpoint=checkpoint, digest=digest)
        state = fitting.run(lessons, told).state_dict()
    fresh = out / f"{name}.{os.getpid()}.new"
    torch.save({"digest": digest, "state": state}, fresh)
    fresh.replace(_weights(out, name))


def _digest(name: str, config: TrainConfig) -> str:
    """Return what changes with anything that a network is learned by, as the share of a class."""
    alone = {name: config.members[name]}
    return digest_of(msgspec.structs.replace(config, members=alone, threads=1))


def _digests(config: TrainConfig) -> tuple[tuple[str, str], ...]:
    return tuple((name, _digest(name, config)) for name in config.members)


def _keep_split(split: Split, out: Path) -> None:
    """Note what is learned from what, once: a folder's figures hold for one division alone."""
    if not (out / SPLIT_FILE).exists():
        # Another process may begin in the same folder, and reads no half of it.
        fresh = out / f"split.{os.getpid()}.new"
        write_split(split, fresh)
        fresh.replace(out / SPLIT_FILE)
    expect_split(split, out)


def _weights(out: Path, name: str) -> Path:
    return out / f"{name}.pt"


def _lessons(config: TrainConfig, member: MemberConfig, divided: Divided) -> Lessons:
    chosen = divided.where(Part.TRAIN)
    photos = [divided.photos[number] for number in chosen]
    return Lessons(
        pictures=divided.canvases[chosen],
        labels=divided.labels[chosen],
        weights=_shown(config, photos),
        impostors=impostors(config.drawn_impostors, seed=member.seed, kinds=TAUGHT),
    )


def _shown(config: TrainConfig, photos: Sequence[Photo]) -> npt.NDArray[np.float64]:
    """Return how often each photograph is shown: rare classes and sources more often."""
    return np.array(
        [
            config.shown.get(photo.label, 1.0) * config.shown.get(photo.source or "", 1.0)
            for photo in photos
        ]
    )
