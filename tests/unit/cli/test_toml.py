"""What is written as TOML is read back alike."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cli.toml import to_toml

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    texts
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
)
documents = st.recursive(
    st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=4),
    lambda inner: st.dictionaries(
        texts, scalars | inner | st.lists(inner, min_size=1, max_size=3), max_size=4
    ),
    max_leaves=12,
)


@given(documents)
def test_a_document_is_read_back_as_it_was_written(document: dict[str, object]) -> None:
    assert tomllib.loads(to_toml(document)) == document


def test_a_none_is_left_out() -> None:
    assert to_toml({"a": None, "b": {"c": None}}) == "[b]\n"


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        to_toml({"a": [b"raw"]})
