"""The text that stands for a figure where it is not seen, and figures shown with it.

The text is kept as the figure's label (``Figure.set_label``), which matplotlib does not
draw: it stays with the figure when that is copied or pickled.
"""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 144
SCREEN_DOTS_PER_INCH = 96


def alt_text(figure: Figure) -> str:
    """The figure's text. Each plotting function writes one out of what it draws.

    Raises
    ------
    ValueError
        If the figure has none.
    """
    text = figure.get_label()
    if not text:
        raise ValueError("the figure has no alt text: set_alt_text(figure, ...) gives it one")
    return text


def set_alt_text(figure: Figure, text: str) -> None:
    """Say in a sentence or two what the figure shows, in place of what it said before.

    Raises
    ------
    ValueError
        If ``text`` is empty.
    """
    if not text.strip():
        raise ValueError(f"text must be a sentence on what the figure shows, got {text!r}")
    figure.set_label(" ".join(text.split()))


def add_alt_text(figure: Figure, text: str) -> None:
    """Append ``text``, as each panel of a figure does."""
    set_alt_text(figure, f"{figure.get_label() or ''} {text}")


def to_png(figure: Figure) -> bytes:
    """The figure as PNG, its text in the file's ``Description``.

    Raises
    ------
    ValueError
        If the figure has no alt text.
    """
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DOTS_PER_INCH, metadata={"Description": alt_text(figure)})
    return content.getvalue()


def to_html(figure: Figure) -> str:
    """The figure as an ``<img>`` element that holds the picture itself and its text.

    Raises
    ------
    ValueError
        If the figure has no alt text.
    """
    return _img(figure, base64.b64encode(to_png(figure)).decode("ascii"))


def show(figure: Figure, alt: str | None = None) -> None:
    """Show the figure in a notebook, with its text.

    The output is an ``<img alt=...>`` element, for JupyterLab does not give a bare PNG its
    text; beside it the PNG, for what cannot show HTML, and the text alone, for a terminal.

    Parameters
    ----------
    alt
        What the figure shows, in a sentence or two, in place of the text that it has.

    Raises
    ------
    ImportError
        If IPython is not installed.
    ValueError
        If ``alt`` is empty, or not given and the figure has no text.
    """
    try:
        from IPython.display import display
    except ImportError as error:
        raise ImportError("show needs IPython: pip install lvmlib[notebook]") from error
    if alt is not None:
        set_alt_text(figure, alt)
    text = alt_text(figure)
    png = base64.b64encode(to_png(figure)).decode("ascii")
    bundle = {"text/plain": f"[figure: {text}]", "text/html": _img(figure, png), "image/png": png}
    display(bundle, raw=True, metadata={"image/png": {"alt": text, "width": _width(figure)}})


def _img(figure: Figure, png: str) -> str:
    alt = html.escape(alt_text(figure))
    return f'<img alt="{alt}" width="{_width(figure)}" style="max-width: 100%; height: auto" src="data:image/png;base64,{png}">'


def _width(figure: Figure) -> int:
    return round(figure.get_figwidth() * SCREEN_DOTS_PER_INCH)
