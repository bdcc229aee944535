"""Tests of smartdownsample.errors."""

import errno
import pickle
import warnings

import pytest

import smartdownsample as sd
from smartdownsample.errors import warn_user


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (sd.InvalidParameterError, ValueError),
        (sd.DecodeError, OSError),
        (sd.MissingImageError, FileNotFoundError),
        (sd.MissingExtraError, ImportError),
    ],
)
def test_errors_derive_from_the_root_and_from_the_built_in_error(
    kind: type[Exception], builtin: type[Exception]
) -> None:
    """A caller may catch either the package's error or the one Python would raise."""
    assert issubclass(kind, sd.SmartDownsampleError)
    assert issubclass(kind, builtin)


@pytest.mark.parametrize(
    "kind", [sd.InvalidParameterError, sd.DecodeError, sd.MissingImageError, sd.MissingExtraError]
)
def test_errors_survive_pickling(kind: type[Exception]) -> None:
    """An error raised in another process arrives as it was."""
    error = pickle.loads(pickle.dumps(kind("what, where, expected")))  # noqa: S301 - our own
    assert type(error) is kind
    assert str(error) == "what, where, expected"


def test_a_missing_image_has_what_a_missing_file_has() -> None:
    """Callers look at `errno` and `filename`; the message stays ours."""
    with pytest.raises(FileNotFoundError) as caught:
        sd.ImageIndex.build(["gone.jpg"], image_loading_errors="raise")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, "gone.jpg")
    assert str(caught.value).startswith("File not found: gone.jpg")


def test_code_without_a_name_can_be_warned() -> None:
    """As under `exec` with globals of its own."""
    with pytest.warns(sd.StoreWarning, match="something"):
        exec("warn_user('something', kind)", {"warn_user": warn_user, "kind": sd.StoreWarning})  # noqa: S102 - the subject


def test_a_warning_names_the_line_of_the_user() -> None:
    """The place of a warning is in the code that called the package."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_user("something", sd.StoreWarning)
    assert caught[0].filename == __file__
    assert caught[0].category is sd.StoreWarning
