"""The version of the feature formulas, and the choices that change features."""

from ..options import DecodeMode
from ..records import FeatureSpec

# Increase this with every change of a feature's value: stored features of other versions are not
# used.
FEATURE_VERSION = 4

# Fast decoding keeps this many pixels for each pixel of the DHash thumbnail's width. With 12,
# 99 % of the hash bits of photos and crops agree with a full decode; with 5, 96 % of crops' bits.
FAST_OVERSAMPLING = 12


def make_spec(hash_size: int, decode: DecodeMode) -> FeatureSpec:
    """Describe the features of the present formulas."""
    return FeatureSpec(hash_size=hash_size, decode=decode, version=FEATURE_VERSION)


def choose_min_side(spec: FeatureSpec) -> int | None:
    """Choose how many pixels of the shorter side decoding must keep; None is all of them."""
    return None if spec.decode == "exact" else FAST_OVERSAMPLING * (spec.hash_size + 1)
