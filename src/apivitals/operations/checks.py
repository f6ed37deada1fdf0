"""Arguments that users give, checked where they are given."""

from __future__ import annotations

import math


def checked_text(value: object, what: str, example: str) -> str:
    """Return `value` if it is text.

    Raises:
        TypeError: it is no string.
        ValueError: it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is a string, not {value!r}: {example}")
    if not value:
        raise ValueError(f"{what} cannot be empty: {example}")
    return value


def checked_amount(value: object, what: str) -> float:
    """Return `value` as a float if it is a number that can be added to a total.

    Raises:
        TypeError: it is no number.
        ValueError: it is negative, infinite or NaN.
    """
    if (type(value) is int or type(value) is float) and 0 <= value < math.inf:
        return float(value)  # as a rule; the rest takes longer
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"{what} is a number, not {value!r}")
    number = float(value)
    if not math.isfinite(number) or number < 0.0:
        raise ValueError(f"{what} is a finite number that is not negative, not {value!r}")
    return number
