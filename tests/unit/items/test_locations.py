"""Tests of smartdownsample.items.locations."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartdownsample import (
    ImageIndex,
    InvalidParameterError,
    find_images,
    place_images,
    sample_diverse,
)
from smartdownsample.items.locations import to_key, to_keys


class TestKeys:
    """to_keys does with all what to_key does with each."""

    @given(
        paths=st.lists(
            st.tuples(
                st.sampled_from(["/", "/", "/", ""]),
                st.lists(
                    st.sampled_from(["a", "b.jpg", ".x", "é", "\udcff", "", ".", "..", "\0"]),
                    min_size=1,
                    max_size=3,
                ),
            ).map(lambda root_and_parts: root_and_parts[0] + "/".join(root_and_parts[1])),
            max_size=2,
        )
    )
    @settings(max_examples=500)
    def test_keys_are_those_of_each_path(self, paths: list[str]) -> None:
        """Whatever parts they have, relative ones and empty ones as well."""
        assert to_keys(paths) == [to_key(path) for path in paths]

    def test_plain_paths_are_taken_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hidden folders and names with dots do not stop that."""
        paths = ["/a/.hidden/b..jpg", "/a/..b/c.jpg", "/a b/\n/é.jpg"]
        monkeypatch.setattr("smartdownsample.items.locations.to_key", None)
        assert to_keys(paths) == [os.fsencode(path) for path in paths]


class TestSchemes:
    """A location whose scheme nobody serves is an error, not a local path."""

    @pytest.mark.parametrize("location", ["s3://bucket/photos", "gs://a", "https://x.org/1.jpg"])
    def test_other_schemes_are_refused(self, location: str) -> None:
        """As a source and as an element of a list, with what to do instead."""
        with pytest.raises(InvalidParameterError, match=r"not supported.*Copy or mount"):
            find_images(location)
        with pytest.raises(InvalidParameterError, match=r"not supported.*Copy or mount"):
            ImageIndex.build([location], cache=False)
        with pytest.raises(InvalidParameterError, match=r"not supported.*Copy or mount"):
            sample_diverse(["1.jpg"], 1, keep=[location], cache=False)

    @pytest.mark.parametrize(
        "path", ["./s3://bucket/1.jpg", "/photos/s3://1.jpg", "c:/1.jpg", "a:b"]
    )
    def test_other_names_are_paths(self, path: str) -> None:
        """However odd they are."""
        assert to_keys([path]) == [to_key(path)] == [os.fsencode(os.path.abspath(path))]

    def test_a_url_that_became_a_path_is_one(self, collection: list[str]) -> None:
        """`pathlib.Path` leaves one slash; destinations are checked too."""
        with pytest.raises(InvalidParameterError, match="'s3://' are not supported"):
            ImageIndex.build([Path("s3://bucket/1.jpg")], cache=False)
        with pytest.raises(InvalidParameterError, match="'s3://' are not supported"):
            place_images(collection, "s3://bucket/copies", "copy")

    def test_names_without_a_form_in_bytes_are_refused(self) -> None:
        """No file has them."""
        for paths in (["/a\ud800.jpg"], ["a\ud800.jpg"], ["b", "/a\ud800.jpg"]):
            with pytest.raises(InvalidParameterError, match="a form in bytes"):
                to_keys(paths)
