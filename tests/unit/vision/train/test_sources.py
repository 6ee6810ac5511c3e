"""What a card says of where photographs and first weights came from."""

import pytest

from tokkatot.vision.data.photos import Photo
from tokkatot.vision.train.config import SHIPPED as CONFIG
from tokkatot.vision.train.config import NetworkConfig, read_config
from tokkatot.vision.train.sources import places, sources

PUBLIC = Photo(name="a.jpg", label="healthy", original="healthy.1.jpg")
OWN = Photo(name="b.jpg", label="healthy")
NOTHING = {"small": NetworkConfig(network="small", seed=1, epochs=1, batch=8, rate=1e-3)}


@pytest.mark.parametrize(
    ("photos", "said", "unsaid"),
    [
        ([PUBLIC, PUBLIC], ["zenodo.4628934", "zenodo.5801834", "All photographs"], ["whoever"]),
        ([PUBLIC, OWN], ["zenodo.4628934", "1 of the photographs", "1 photographs"], ["All"]),
        ([OWN], ["whoever learned", "Nothing is known"], ["enodo", "Tanzania"]),
    ],
    ids=["public", "both", "own"],
)
def test_the_public_sets_are_named_where_their_photographs_are(
    photos: list[Photo], said: list[str], unsaid: list[str]
) -> None:
    text = sources(photos, NOTHING) + places(photos)
    assert [word for word in said if word not in text] == []
    assert [word for word in (*unsaid, "ImageNet") if word in text] == []


def test_of_our_own_models_the_card_says_what_it_said() -> None:
    text = " ".join(sources([PUBLIC], read_config(CONFIG).members).split())
    assert (
        "`mobilenet_v2` and `mobilenet_v2_blended` were tuned from weights of MobileNetV2" in text
    )
