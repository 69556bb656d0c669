"""Checks of arguments that several modules share."""


def check_integer(name: str, value: object) -> None:
    """Raise a TypeError unless the value is an integer (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected {name} to be an integer, got {value!r}")


def check_at_least(least: int, **values: int) -> None:
    """Raise unless every value, given by its name, is an integer >= least."""
    for name, value in values.items():
        check_integer(name, value)
        if value < least:
            raise ValueError(f"expected {name} >= {least}, got {value}")


def check_positive(**values: float) -> None:
    """Raise a ValueError unless every value, given by its name, is finite and > 0."""
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"expected a positive, finite {name}, got {value}")


def check_not_negative(**values: float) -> None:
    """Raise a ValueError unless every value, given by its name, is finite and >= 0."""
    for name, value in values.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"expected a finite {name} >= 0, got {value}")


def check_kernel_fits(kernel_size: int, input_size: int) -> None:
    """Raise a ValueError unless the kernel is not empty and fits the input."""
    if not 1 <= kernel_size <= input_size:
        raise ValueError(
            f"expected 1 <= kernel_size <= input_size = {input_size}, got {kernel_size}"
        )
