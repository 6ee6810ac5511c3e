"""The one file that says how an ensemble is learned."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tokkatot.vision.data.photos import DataRefused
from tokkatot.vision.data.splits import Shares

SHIPPED = Path(__file__).parent / "ensemble.toml"
"""How our own models were learned."""

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]


class SplitConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the photographs are divided; what is left is learned from."""

    seed: int
    validation: Share
    test: Share
    unseen: Share

    @property
    def shares(self) -> Shares:
        """What goes where."""
        return Shares(validation=self.validation, test=self.test, unseen=self.unseen)


class KernelConfig(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="kind",
    tag="kernel",
):
    """How a kernel machine over colours and texture is learned."""

    seed: int
    landmarks: Count = 800
    """Pictures that it keeps and compares with."""
    narrowness: Positive = 1.0
    """Of likeness, where 1 falls to a third at the mean distance."""
    ridge: Positive = 1e-4
    variations: Annotated[int, Meta(ge=0, le=8)] = 2
    """How many varied copies of each photograph are learned from, too."""


class NetworkConfig(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="kind",
    tag="network",
):
    """How one network is learned."""

    network: Literal["mobilenet", "mobilenet_v2", "small"]
    seed: int
    imagenet: str | None = None
    """The file of ImageNet weights that it starts from, in the folder of all of them."""
    epochs: Count
    batch: Count
    rate: Positive
    """The highest learning rate; it rises to it and falls to nothing."""
    frozen: Annotated[int, Meta(ge=0, le=17)] = 0
    """How many blocks of a mobilenet, from the picture on, stay as ImageNet taught them."""
    depth_decay: Share = 1.0
    """How much slower each part learns than the one behind it."""
    weight_decay: Annotated[float, Meta(ge=0)] = 0.01
    dropout: Share = 0.2
    smoothing: Share = 0.05
    """How much of each label is spread over the other answers."""
    mixed: Share = 0.0
    """The share of batches whose pictures are blended in pairs."""
    elsewhere: Share = 0.3
    """The share of pictures that are put before another's background."""
    impostors: Share = 0.25
    """How many pictures of no dropping there are for each dropping."""
    side: Annotated[int, Meta(ge=64, le=224)] = 112
    """Pixels at which the network looks at the canvas."""
    width: Annotated[int, Meta(ge=4, le=64)] = 16
    """Channels of the first layer of a small network."""
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    """Of the arithmetic of the learning; the weights are float32."""


MemberConfig = NetworkConfig | KernelConfig


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    split: SplitConfig
    members: Annotated[dict[str, MemberConfig], Meta(min_length=1)]
    drawn_impostors: Count
    """Pictures of no dropping that are drawn once, for all epochs."""
    shown: dict[str, Positive] = {}
    """How often photographs of a class or a source of labels are shown, where not once."""
    threads: Count = 2


def read_config(path: Path) -> TrainConfig:
    """Read and check a file.

    Raises:
        DataRefused: where it can't be used.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), TrainConfig)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DataRefused(f"{path}: {error}") from None


def digest_of(config: TrainConfig) -> str:
    """Return what changes whenever one of its settings does."""
    return hashlib.sha256(msgspec.json.encode(config, order="deterministic")).hexdigest()[:16]
