"""A figure as HTML in place, or what went wrong where the figure would be."""

import base64
import html
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._utils.arguments import shown
from .player import png_and_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_of(value: object) -> "Figure":
    """What ``draw`` returned.

    Raises:
        TypeError: it is no figure.
    """
    from matplotlib.figure import Figure

    if not isinstance(value, Figure):
        raise TypeError(f"expected draw to return a figure, got {shown(value)}")
    return value


def text_of(name: str, value: object) -> str:
    """What one of the caller's functions returned.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected {name} to return a text, got {shown(value)}")
    return value


def picture(draw: "Callable[[], Figure]", alt: Callable[[], str]) -> str:
    """An image of the figure, or the error that drawing or describing it raised."""
    from matplotlib import pyplot as plt

    open_before = set(plt.get_fignums())
    try:
        text = text_of("alt", alt())
        png, width = png_and_width(figure_of(draw()))
    except Exception as error:
        for number in set(plt.get_fignums()) - open_before:
            plt.close(number)
        return error_page(error)
    return image(png, width, text)


def image(png: bytes, width: int, alt: str) -> str:
    """An image that keeps its place while the next one loads."""
    high = round(width * _aspect(png))
    source = base64.b64encode(png).decode()
    return (
        f'<img src="data:image/png;base64,{source}" alt="{html.escape(alt)}" '
        f'width="{width}" height="{high}" decoding="sync" '
        'style="max-width: 100%; height: auto; background: white">'
    )


def _aspect(png: bytes) -> float:
    """Height by width, which a PNG has in its first chunk."""
    across, down = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    return down / across


def error_page(error: Exception) -> str:
    """An error for readers, who see no log; its traceback unfolds."""
    lines = "".join(traceback.format_exception(error))
    return (
        '<div role="alert"><p><strong>The figure could not be drawn.</strong> '
        f"{html.escape(type(error).__name__)}: {html.escape(str(error))}</p>"
        f"<details><summary>Traceback</summary><pre>{html.escape(lines)}</pre></details>"
        "</div>"
    )
