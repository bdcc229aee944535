"""What features are: the choices that change them, and the version of their formulas."""

from ..options import DecodeMode
from ..records import FeatureSpec

# Whatever changes a feature's value must change this with it, so that stored features of older
# formulas are never taken for new ones.
FEATURE_VERSION = 4

# `fast` keeps this many decoded pixels for each pixel of the DHash thumbnail's width. With 12,
# 99 % of the hash bits of photos and of crops agree with a full decode; with 5, 96 % of crops'.
FAST_OVERSAMPLING = 12


def make_spec(hash_size: int, decode: DecodeMode) -> FeatureSpec:
    """Name the features that a hash size and a decode mode give, by the present formulas."""
    return FeatureSpec(hash_size=int(hash_size), decode=decode, version=FEATURE_VERSION)


def choose_min_side(spec: FeatureSpec) -> int | None:
    """Choose the side in pixels that a reduced decode must keep; None for a full decode."""
    return None if spec.decode == "exact" else FAST_OVERSAMPLING * (spec.hash_size + 1)
