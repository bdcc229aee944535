"""The bar on standard error that shows how far a run is."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..display import is_notebook
from ..errors import InvalidParameterError


@contextmanager
def count_progress(
    n_images: int, what: str, *, is_shown: bool, patience_s: float = 0.0
) -> Iterator[Callable[[int], object]]:
    """Give a function that moves a bar on by a number of images; it does nothing if not shown.

    `what` is done to the images stands before the bar, which appears after `patience_s` seconds.
    """
    if not is_shown:
        yield lambda _: None
        return
    try:
        bar = _choose_bar()(total=n_images, unit="img", desc=what, delay=patience_s)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Its defaults come from the environment, unchecked.
        named = [f"{name}={value!r}" for name, value in os.environ.items() if name[:5] == "TQDM_"]
        msg = (
            f"The progress bar cannot be drawn with {', '.join(sorted(named))} in the environment "
            f"({error}). Correct or unset what is wrong of it."
        )
        raise InvalidParameterError(msg) from error
    with bar:
        yield bar.update


def _choose_bar() -> Callable[..., Any]:
    """Choose the bar that notebooks draw, where it can be, or that of terminals.

    Imported on need: the import takes as long as hundreds of small images.
    """
    if not is_notebook():
        from tqdm import tqdm  # noqa: PLC0415 - see above

        return tqdm  # type: ignore[no-any-return] # tqdm has no types
    from tqdm import TqdmWarning  # noqa: PLC0415 - see above

    with warnings.catch_warnings():
        # Without ipywidgets there is the bar of terminals, and nothing to do about it.
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm  # noqa: PLC0415 - see above
    return tqdm  # type: ignore[no-any-return] # tqdm has no types
