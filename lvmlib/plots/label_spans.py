"""Where in a sound each label comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lvmlib.plots.alt_text import add_alt_text
from lvmlib.plots.look import INK, QUIET, as_array, component_colours, look, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_label_spans(
    spectrogram: object,
    positions: object,
    spans: object,
    labels: Sequence[str],
    *,
    seconds: float,
    centres: object | None = None,
    true_spans: object | None = None,
) -> Figure:
    """A spectrogram, and below it the posterior of each label in each frame, over the same time.

    Parameters
    ----------
    spectrogram : (frames, bands)
        ln of energy; dark is loud.
    positions : (output_frames, 2 * labels + 1)
        The posterior over positions of blank, label, blank, ...: ``CTCPosterior.positions`` of
        one example, without its padding. Its frames share out the same time.
    spans : (labels, 2)
        First output frame of each label and the first after it: ``CTCAlignment.spans``. Each is
        a bar under its label.
    labels
        Their names, in order; the same name has the same colour.
    seconds
        How long the sound is.
    centres : (bands,), optional
        Of the bands, in hertz, for the scale.
    true_spans : (labels, 2), optional
        Where each label really is, in seconds: shaded.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, values are NaN or infinite, ``positions`` leaves [0, 1], a span is
        empty or leaves the frames, or ``seconds`` is not positive.
    """
    count = len(labels)
    if count == 0:
        raise ValueError("labels must hold at least one name, got none")
    spectrogram = as_array("spectrogram", spectrogram, 2)
    positions = as_array("positions", positions, 2, 2 * count + 1)
    spans = as_array("spans", spans, 2, 2)
    if centres is not None:
        centres = as_array("centres", centres, 1, spectrogram.shape[1])
    if positions.min() < -1e-6 or positions.max() > 1 + 1e-3:
        raise ValueError(f"positions must be probabilities, got values from {positions.min():.3g} to {positions.max():.3g}")
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds}")
    frame = seconds / len(positions)
    spans = _checked("spans", spans, count, len(positions)) * frame
    if true_spans is not None:
        true_spans = _checked("true_spans", as_array("true_spans", true_spans, 2, 2), count, seconds)

    names = list(dict.fromkeys(labels))
    colours = dict(zip(names, component_colours(len(names))))
    figure, (above, below) = panels(2, n_columns=1, size=(8.4, 2.4))
    with look():
        above.imshow(
            spectrogram.T, origin="lower", aspect="auto", cmap="Greys", interpolation="nearest",
            extent=(0, seconds, -0.5, spectrogram.shape[1] - 0.5),
        )  # fmt: skip
        above.grid(False)
        above.set(ylabel="band", title="Log energy, and the best path's label at its frames")
        if centres is not None:
            ticks = np.linspace(0, len(centres) - 1, min(5, len(centres))).round().astype(int)
            above.set_yticks(ticks, [f"{centres[k]:,.0f}" for k in ticks])
            above.set_ylabel("frequency (Hz)")
        middle = (np.arange(len(positions)) + 0.5) * frame
        for u, label in enumerate(labels):
            colour = colours[label]
            start, stop = spans[u]
            above.plot([start, stop], [-1.8, -1.8], color=colour, linewidth=5, solid_capstyle="butt", clip_on=False)
            above.annotate(
                label, ((start + stop) / 2, 0.97), xycoords=("data", "axes fraction"), ha="center", va="top",
                color=colour, fontweight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
            )  # fmt: skip
            if true_spans is not None:
                for ax in (above, below):
                    ax.axvspan(*true_spans[u], color=colour, alpha=0.12, linewidth=0)
            below.plot(middle, positions[:, 2 * u + 1], color=colour)
        below.plot(middle, positions[:, ::2].sum(axis=1), color=QUIET, linewidth=1, linestyle=":", label="blank")
        below.set(xlim=(0, seconds), ylim=(0, 1.05), xlabel="time (s)", ylabel="p(position | x, y)")
        below.set_title("Posterior of each label")
        below.legend(loc="upper right", labelcolor=INK)
        above.set(xlim=(0, seconds), ylim=(-2.5, spectrogram.shape[1] - 0.5))
    told = ", ".join(f"{label} from {start:.2f} to {stop:.2f} s" for label, (start, stop) in zip(labels, spans))
    shaded = " Shaded: where they were really spoken." if true_spans is not None else ""
    add_alt_text(
        figure,
        f"A spectrogram of {seconds:.2f} s, and below it the posterior probability of each label over time. "
        f"The best path has {told}.{shaded}",
    )
    return figure


def _checked(name: str, spans: np.ndarray, count: int, end: float) -> np.ndarray:
    if len(spans) != count:
        raise ValueError(f"{name} must be {count}, one a label, got {len(spans)}")
    if (spans[:, 0] >= spans[:, 1]).any() or spans.min() < 0 or spans.max() > end + 1e-9:
        raise ValueError(f"{name} must each begin before they end, within 0 and {end:g}, got {spans.tolist()}")
    return spans
