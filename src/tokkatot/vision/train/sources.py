"""What a card says of where photographs and first weights came from."""

from collections.abc import Mapping, Sequence
from typing import Final

from tokkatot.vision.data.photos import Photo
from tokkatot.vision.train.config import MemberConfig, NetworkConfig

_PUBLIC: Final = """\
- Machuve D., Nwankwo E., Mduma N., Mbelwa H., Maguo E., Munisi C. (2021). *Machine Learning
  Dataset for Poultry Diseases Diagnostics.* Zenodo, doi 10.5281/zenodo.4628934. CC BY 4.0.
- Machuve D., Nwankwo E., Lyimo E., Maguo E., Munisi C. (2021). *Machine Learning Dataset for
  Poultry Diseases Diagnostics - PCR annotated.* Zenodo, doi 10.5281/zenodo.5801834. CC BY 4.0.

The photographs were cropped, resized to 112 × 112 and encoded anew."""
_TANZANIA: Final = (
    "come from Tanzania, most from two models of phone, and healthy and sick birds were\n"
    "  photographed by different ones."
)
_OWN: Final = "The photographs and their labels are those of whoever learned these models."


def sources(photos: Sequence[Photo], members: Mapping[str, MemberConfig]) -> str:
    """Return what was learned from, and what networks started from."""
    public = _public(photos)
    if public == len(photos):
        said = _PUBLIC
    elif public:
        said = (
            f"{public} of the photographs are of these sets, and the others are those of whoever "
            f"learned these models.\n\n{_PUBLIC}"
        )
    else:
        said = _OWN
    tuned = {
        f"`{name}`": "MobileNetV2" if member.network == "mobilenet_v2" else "MobileNetV1"
        for name, member in members.items()
        if isinstance(member, NetworkConfig) and member.imagenet is not None
    }
    if not tuned:
        return said
    return (
        f"{said} {' and '.join(tuned)}\n{'was' if len(tuned) == 1 else 'were'} tuned from weights "
        f"of {' and '.join(sorted(set(tuned.values())))} by Google (google-coral/test_data, "
        "Apache-2.0), which\nwere learned from ImageNet."
    )


def places(photos: Sequence[Photo]) -> str:
    """Return where the photographs were taken, as far as it is known."""
    public = _public(photos)
    if public == len(photos):
        return f"All photographs {_TANZANIA}"
    if public:
        return f"{public} photographs {_TANZANIA}"
    return "Nothing is known here of where the photographs were taken, and by which cameras."


def _public(photos: Sequence[Photo]) -> int:
    return sum(photo.original is not None for photo in photos)
