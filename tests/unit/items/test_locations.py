"""Tests of smartdownsample.items.locations."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures import write_collection
from smartdownsample import (
    ImageIndex,
    InvalidParameterError,
    cache,
    find_images,
    place_images,
    sample_diverse,
)
from smartdownsample.cli import main
from smartdownsample.items.locations import to_key, to_keys
from smartdownsample.results import write_selection


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


@pytest.mark.skipif(os.name != "posix", reason="Windows takes .. away before it looks for links")
class TestLinks:
    """What a ``..`` behind a link to a folder leads to is what the system opens."""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Make files of one name beside a link, beside its target and below it."""
        for place in (".", "real", "real/deep", "real/deep/low"):
            (tmp_path / place).mkdir(exist_ok=True)
            (tmp_path / place / "a.jpg").write_text(place)
        (tmp_path / "link").symlink_to("real/deep")
        (tmp_path / "again").symlink_to("link")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.parametrize(
        "path",
        [
            "link/../a.jpg",
            "./link/../a.jpg",
            "again/../a.jpg",
            "link/./..//a.jpg",
            "link/../deep/../a.jpg",
            "link/../../link/../a.jpg",
            "link/low/../a.jpg",
            "link/low/../../a.jpg",
            "real/../a.jpg",
            "real/deep/../../a.jpg",
        ],
    )
    def test_a_key_leads_where_the_path_leads(self, folder: Path, path: str) -> None:
        """Relative and absolute, alone and with others."""
        for spelt in (path, f"{folder}/{path}", f"{folder}/x/../{path}".replace("x", "real")):
            key = to_key(spelt)
            assert Path(os.fsdecode(key)).read_text() == Path(spelt).read_text()
            assert to_keys([spelt, str(folder)]) == [key, os.fsencode(folder)]
            assert b".." not in key

    def test_keys_of_other_paths_are_as_they_are_spelt(self, folder: Path) -> None:
        """Rows that a store has keep their names: links that no ``..`` follows stay."""
        for path in ("link/a.jpg", "link/low/../a.jpg", "gone/../link/a.jpg", "a" * 5000 + "/../b"):
            assert to_key(path) == os.fsencode(os.path.join(folder, os.path.normpath(path)))

    def test_only_a_path_that_needs_it_is_looked_at(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Network file systems answer slowly; the working folder is no link."""
        (folder / "real/deep/low/sub").mkdir()
        os.chdir("real/deep/low/sub")
        monkeypatch.setattr(os.path, "islink", None)
        for path in ("../a.jpg", "../../a.jpg", ".././../a.jpg", str(folder / "link/a..jpg")):
            to_keys([path])

    @pytest.mark.usefixtures("folder")
    def test_copies_of_such_a_source_keep_their_folders(self) -> None:
        """The folder that they are relative to is the same."""
        write_collection(Path("real/photos"), 3)
        line = ["sample", "link/../photos", "-n", "2", "-q", "--copy-to", "copies"]
        assert main(line) == 0
        assert len(list(Path("copies").rglob("*.jpg"))) == 2


class TestSchemes:
    """A location whose scheme nobody serves is an error, not a local path."""

    @pytest.mark.parametrize("location", ["ftp://host/photos", "hdfs://a", "file:///1.jpg"])
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
        with pytest.raises(InvalidParameterError, match=r"two slashes.*in Python give a str"):
            ImageIndex.build([Path("s3://bucket/1.jpg")], cache=False)
        with pytest.raises(InvalidParameterError, match="'s3://' are not supported"):
            place_images(collection, "s3://bucket/copies", "copy")

    @pytest.mark.parametrize(
        "location",
        [
            "s3://bucket/a.jpg?X-Amz-Signature=Secret99",
            "gs://bucket/a?b=1&X-Goog-Signature=Secret99",
            "az://box/a.jpg?sv=1&sig=Secret99",
            "https://host/a.jpg?token=Secret99",
            "ftp://me:Secret99@host/a.jpg?token=Secret99",
            "s3:/bucket/a.jpg?X-Amz-Signature=Secret99",
        ],
    )
    def test_errors_repeat_no_secret(self, location: str) -> None:
        """Neither of a user nor of a signature."""
        for build in (find_images, lambda url: ImageIndex.build([url], cache=False)):
            with pytest.raises(InvalidParameterError) as error:
                build(location)
            assert "Secret99" not in str(error.value)

    def test_a_question_mark_may_be_part_of_a_name(self) -> None:
        """Where nothing behind it looks like a signature."""
        assert to_keys(["s3://bucket/who?.jpg"]) == [b"s3://bucket/who?.jpg"]

    def test_names_without_a_form_in_bytes_are_refused(self) -> None:
        """No file has them."""
        for paths in (["/a\ud800.jpg"], ["a\ud800.jpg"], ["b", "/a\ud800.jpg"]):
            with pytest.raises(InvalidParameterError, match="a form in bytes"):
                to_keys(paths)
        with pytest.raises(InvalidParameterError, match="a form in bytes"):
            to_key("a\ud800.jpg")

    @pytest.mark.parametrize("place", ["a\0b", "a\ud800", "https://bucket/a"])
    def test_places_of_folders_are_checked(self, collection: list[str], place: str) -> None:
        """Copies, kept features, what paths are relative to, and images selected before."""
        index = ImageIndex.build(collection, cache=False)
        selection = index.sample(2)
        uses: list[Callable[[], object]] = [
            lambda: place_images(collection, place, "copy"),
            lambda: ImageIndex.build(collection, cache_dir=place),
            lambda: cache.clear(place),
            lambda: write_selection(selection, "a.csv", relative_to=place),
            lambda: index.sample(2, keep=[place]),
        ]
        for use in uses:
            with pytest.raises(InvalidParameterError):
                use()

    def test_the_command_refuses_a_place_before_it_decodes(
        self, collection: list[str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """That may take hours."""
        for option in ("--copy-to", "--link-to"):
            assert main(["sample", *collection, "-n", "1", option, "s3://bucket/a"]) == 1
            assert capfd.readouterr().err.startswith("smartdownsample: error: Places that")
