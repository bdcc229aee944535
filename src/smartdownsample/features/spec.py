"""The version of the feature formulas, and the choices that change features."""

from ..options import DecodeMode, ReadingOptions
from ..records import FeatureSpec

# Increase this with every change of a feature's value: stored features of other versions are not
# used.
FEATURE_VERSION = 4

# Fast decoding keeps this many pixels for each pixel of the DHash thumbnail's width. With 12,
# 99 % of the hash bits of photos and crops agree with a full decode; with 5, 96 % of crops' bits.
FAST_OVERSAMPLING = 12


# A crop is cut between pixels of the reduced photo, so that fewer are enough: with 6, as many bits
# and buckets agree with a full decode as of photos, and most boxes of a photo need one decode.
_CROP_OVERSAMPLING = 6


def make_spec(
    hash_size: int, decode: DecodeMode, crop_margin: float = 0.0, *, crop_square: bool = False
) -> FeatureSpec:
    """Describe the features of the present formulas."""
    return FeatureSpec(hash_size, decode, FEATURE_VERSION, float(crop_margin), crop_square)


def make_spec_for(reading: ReadingOptions) -> FeatureSpec:
    """Describe the features that are asked for."""
    return make_spec(
        reading.hash_size, reading.decode, reading.crop_margin, crop_square=reading.crop_square
    )


def choose_min_side(spec: FeatureSpec) -> int | None:
    """Choose how many pixels of the shorter side decoding must keep; None is all of them."""
    return None if spec.decode == "exact" else FAST_OVERSAMPLING * (spec.hash_size + 1)


def choose_crop_min_side(spec: FeatureSpec) -> int | None:
    """Choose how many pixels of a crop's shorter side decoding its photo must keep, likewise."""
    return None if spec.decode == "exact" else _CROP_OVERSAMPLING * (spec.hash_size + 1)
