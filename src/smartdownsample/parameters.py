"""Checks of what callers pass, made before any file is opened."""

import math
import operator

import numpy as np

from .errors import InvalidParameterError


def check_seed(random_seed: object) -> int | None:
    """Return a seed, or say what it should have been.

    Parameters
    ----------
    random_seed : object
        As the caller gave it.

    Returns
    -------
    int or None
        The seed.

    Raises
    ------
    InvalidParameterError
        When it is neither None nor an integer of at least 0.
    """
    return None if random_seed is None else check_integer("random_seed", random_seed, at_least=0)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Make sure that a parameter is one of a few words.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        As the caller gave it.
    choices : tuple of str
        What is allowed.

    Raises
    ------
    InvalidParameterError
        When it is something else.
    """
    if value not in choices:
        allowed = " or ".join(map(repr, choices))
        msg = f"The '{name}' parameter must be {allowed}. Got {value!r} instead."
        raise InvalidParameterError(msg)


def check_integer(name: str, value: object, *, at_least: int) -> int:
    """Return a parameter as an int, or say what it should have been.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        Anything that Python takes for an integer, but no bool.
    at_least : int
        Smallest value allowed.

    Returns
    -------
    int
        The value.

    Raises
    ------
    InvalidParameterError
        When it is no integer or too small.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type] # that is the question
    except TypeError:
        number = None
    if number is None or number < at_least:
        msg = (
            f"The '{name}' parameter must be an integer of at least {at_least}. "
            f"Got {value!r} instead."
        )
        raise InvalidParameterError(msg)
    return number


def check_number(name: str, value: object, *, at_least: float, at_most: float = math.inf) -> None:
    """Make sure that a parameter is a number within bounds.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        As the caller gave it.
    at_least, at_most : float
        What is allowed.

    Raises
    ------
    InvalidParameterError
        When it is no number, or out of bounds.
    """
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not is_number or not at_least <= value <= at_most:  # type: ignore[operator] # a number
        bounds = f"from {at_least} to {at_most}" if at_most < math.inf else f"at least {at_least}"
        msg = f"The '{name}' parameter must be a number, {bounds}. Got {value!r} instead."
        raise InvalidParameterError(msg)
