"""The frozen models in ONNX Runtime, as their description says."""

import ctypes
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime

from tokkatot.vision.detect.mixing import Answers, Mix

SHIPPED: Final = Path(__file__).parent / "models"
DESCRIPTION: Final = "ensemble.json"
INPUT: Final = "pictures"


class ModelRefused(Exception):
    """Models that are not there or not the ones that are described; one line for a person."""


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """One model: its name, its file beside the description, and the hash of that."""

    name: str
    file: str
    sha256: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs together: models, and how they are mixed."""

    version: str
    models: tuple[ModelFile, ...]
    mix: Mix


class Ensemble:
    """Some models that look at the same pictures, each on one thread."""

    def __init__(
        self, description: Description, sessions: Sequence[onnxruntime.InferenceSession]
    ) -> None:
        self.description = description
        self._sessions = sessions

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> "Ensemble":
        """Load the models of a folder.

        Raises:
            ModelRefused: where they are not all there, or not the described ones.
        """
        if not (folder / DESCRIPTION).is_file():
            raise ModelRefused(
                f"There are no models in {folder}; `tokkatot vision train` makes some."
            )
        try:
            text = (folder / DESCRIPTION).read_bytes()
            description = msgspec.json.decode(text, type=Description)
            digests = [_digest(folder / model.file) for model in description.models]
        except (OSError, msgspec.MsgspecError) as error:
            raise ModelRefused(f"The models in {folder} can't be read: {error}") from None
        for model, digest in zip(description.models, digests, strict=True):
            if digest != model.sha256:
                raise ModelRefused(f"{folder / model.file} is not the described file.")
        return cls(description, [_session(folder / model.file) for model in description.models])

    def answers(self, batch: npt.NDArray[np.float32]) -> list[Answers]:
        """Return each model's answers to a batch as `as_batch` makes it."""
        return [np.asarray(session.run(None, {INPUT: batch})[0]) for session in self._sessions]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # An arena keeps the memory of the largest batch for ever.
    options.enable_cpu_mem_arena = False
    # By its path: of bytes the runtime keeps a copy, 16 MB for all of ours.
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    _hand_back_memory()
    return session


def _hand_back_memory() -> None:
    """Give the system what only the loading needed; glibc would keep it, 28 MB for all of ours."""
    with suppress(AttributeError):  # other C libraries keep none, and have no such function
        ctypes.CDLL(None).malloc_trim(0)
