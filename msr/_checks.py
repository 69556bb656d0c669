"""Checks of arguments that several modules share."""


def check_integer(name: str, value: object) -> None:
    """Raise a TypeError unless the value is an integer (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected {name} to be an integer, got {value!r}")
