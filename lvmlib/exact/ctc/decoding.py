"""From frames to labels nobody told: the best path's, and the best labels' by prefix beam search."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.ctc.arguments import check_log_probs
from lvmlib.exact.ctc.collapse import collapse
from lvmlib.validation import check_at_least


@dataclass(frozen=True)
class Hypothesis:
    """Labels, and ln of their probability, in nats."""

    labels: tuple[int, ...]
    log_prob: float


def best_path(
    log_probs: Float[Tensor, "frames batch classes"], input_lengths: Int[Tensor, " batch"], blank: int = 0
) -> list[Hypothesis]:
    """Labels of the most probable path, collapse(arg max_z p(z|x)), one hypothesis an example.

    The path is the most probable class of each frame; ``log_prob`` is ln p(z|x), a lower bound
    of ln p(y|x) that other labels with many paths may beat. Graves et al. 2006, section 3.2.

    Raises
    ------
    TypeError, ValueError
        As :func:`~lvmlib.exact.ctc.arguments.check_log_probs` says.
    """
    check_log_probs(log_probs, input_lengths, blank)
    values, path = log_probs.detach().max(dim=2)  # (frames, batch)
    return [
        Hypothesis(tuple(collapse(path[:length, n], blank).tolist()), float(values[:length, n].double().sum()))
        for n, length in enumerate(input_lengths.tolist())
    ]


def prefix_beam_search(
    log_probs: Float[Tensor, "frames batch classes"],
    input_lengths: Int[Tensor, " batch"],
    blank: int = 0,
    *,
    beam_width: int = 16,
    top_n: int = 1,
) -> list[list[Hypothesis]]:
    r"""The most probable labels arg max_y p(y|x), searched among the best prefixes.

    After each frame the ``beam_width`` most probable prefixes are kept, each with the weight
    of its paths that end in the blank, b(y), and in its last label, n(y):

        b_t(y)      = p_t(blank) (b_{t-1}(y) + n_{t-1}(y))
        n_t(y + c)  = p_t(c) (n_{t-1}(y + c) + b_{t-1}(y) + [c ≠ last of y] n_{t-1}(y))

    Returns
    -------
    list of lists
        For each example up to ``top_n`` hypotheses, the best first. ``log_prob`` is ln p(y|x)
        less what the paths through dropped prefixes had: exact where none was dropped, a
        lower bound otherwise. Labels with probability 0 are left out.

    Raises
    ------
    TypeError, ValueError
        As :func:`~lvmlib.exact.ctc.arguments.check_log_probs` says; a ValueError if
        ``top_n`` or ``beam_width`` is below 1, or ``top_n`` above ``beam_width``.

    References
    ----------
    Graves, Supervised sequence labelling with recurrent neural networks, 2012, section 7.5;
    Hannun et al., First-pass large vocabulary continuous speech recognition using
    bi-directional recurrent DNNs, 2014, algorithm 1, without the language model.
    """
    check_log_probs(log_probs, input_lengths, blank)
    check_at_least("beam_width", beam_width, 1)
    check_at_least("top_n", top_n, 1)
    if top_n > beam_width:
        raise ValueError(f"top_n must be at most beam_width = {beam_width}, got {top_n}")
    log_probs = log_probs.detach().double().cpu()
    return [
        _search(log_probs[:length, n].tolist(), blank, beam_width)[:top_n]
        for n, length in enumerate(input_lengths.tolist())
    ]


def _search(frames: list[list[float]], blank: int, beam_width: int) -> list[Hypothesis]:
    nothing = -math.inf
    beam = {(): (0.0, nothing)}  # prefix: ln b, ln n
    for log_prob in frames:
        labels = [(c, value) for c, value in enumerate(log_prob) if c != blank and value > nothing]
        ends_blank: dict[tuple[int, ...], float] = {}
        ends_label: dict[tuple[int, ...], float] = {}
        for prefix, (in_blank, in_label) in beam.items():
            total = _log_add(in_blank, in_label)
            ends_blank[prefix] = total + log_prob[blank]
            if prefix:
                stayed = in_label + log_prob[prefix[-1]]
                ends_label[prefix] = _log_add(ends_label.get(prefix, nothing), stayed)
            for c, value in labels:
                longer = (*prefix, c)
                came = value + (in_blank if prefix and c == prefix[-1] else total)
                ends_label[longer] = _log_add(ends_label.get(longer, nothing), came)
        total = {
            prefix: _log_add(ends_blank.get(prefix, nothing), ends_label.get(prefix, nothing))
            for prefix in ends_blank.keys() | ends_label.keys()
        }
        # by probability, and among equals by the labels, so that the order is the same on every run
        kept = sorted((prefix for prefix, value in total.items() if value > nothing), key=lambda y: (-total[y], y))
        beam = {y: (ends_blank.get(y, nothing), ends_label.get(y, nothing)) for y in kept[:beam_width]}
    ranked = [Hypothesis(y, _log_add(*weights)) for y, weights in beam.items()]
    return [hypothesis for hypothesis in ranked if hypothesis.log_prob > nothing]


def _log_add(a: float, b: float) -> float:
    """ln(exp a + exp b)."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))
