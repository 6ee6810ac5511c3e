"""The tests' own browser reads what the standard says that it reads."""

from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.browser import Browser, decoded

# RFC 8291, section 5.
PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
    "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
    "y4a-fN"
)


def test_it_reads_the_example_of_the_standard() -> None:
    key = ec.derive_private_key(int.from_bytes(decoded(PRIVATE), "big"), ec.SECP256R1())
    browser = Browser("https://push.test", key=key, auth=decoded(AUTH))
    assert browser.opened(decoded(SEALED)) == b"When I grow up, I want to be a watermelon"
