"""CTC with a table for its frames: the smallest model of the kind, whose M-step is a division."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.ctc.arguments import check_targets
from lvmlib.exact.ctc.collapse import frames_needed
from lvmlib.exact.ctc.marginal import ctc_log_marginal
from lvmlib.exact.ctc.posterior import CTCPosterior, ctc_posterior
from lvmlib.exponential_family import ExponentialFamilyModel, Statistics
from lvmlib.validation import check_at_least


@dataclass(frozen=True, eq=False)
class LabelledCodes:
    """Sequences of codes, such as quantized frames of a sound, with the labels of each."""

    codes: Int[Tensor, "frames batch"]
    lengths: Int[Tensor, " batch"]
    targets: Int[Tensor, "batch labels"]
    target_lengths: Int[Tensor, " batch"]


class CodebookCTC(ExponentialFamilyModel):
    r"""p(y|x) = Σ_{z: collapse(z) = y} Π_t π(z_t | x_t), each frame x_t one of V codes: fitted by EM.

    π is a table, one distribution over the classes for each code; class 0 is the blank. It is
    what a recognizer's network would be if it saw one frame at a time, and its EM is exact:

    - E-step: γ_t(c) = p(z_t = c | x, y), by forward-backward;
    - M-step: π(c|v) = Σ_t [x_t = v] γ_t(c) / Σ_t [x_t = v], over the frames of all sequences.

    Parameters
    ----------
    n_codes, n_labels : int
        V, and how many labels there are: 1 .. ``n_labels``.
    dtype
        torch.float32 or torch.float64.

    Attributes
    ----------
    table_ (n_codes, n_labels + 1)
        π(c|v): each row sums to 1.
    """

    def __init__(self, n_codes: int, n_labels: int, *, dtype: torch.dtype = torch.float64) -> None:
        check_at_least("n_codes", n_codes, 1)
        check_at_least("n_labels", n_labels, 1)
        self.n_codes, self.n_labels, self.dtype = n_codes, n_labels, dtype

    def initialize(self, x: LabelledCodes, generator: torch.Generator) -> None:
        """Rows drawn uniformly from all distributions over the classes.

        Raises
        ------
        ValueError
            If a code is not in 0 .. n_codes - 1, if a target holds what is not a label, or if
            a target needs more frames than there are.
        """
        self._check(x)
        shape = (self.n_codes, self.n_labels + 1)
        draws = torch.empty(shape, dtype=torch.float64, device=generator.device).exponential_(generator=generator)
        self.table_ = (draws / draws.sum(dim=1, keepdim=True)).to(x.codes.device, self.dtype)

    def log_probs(self, codes: Int[Tensor, "frames batch"]) -> Float[Tensor, "frames batch classes"]:
        """ln π(c|x_t) of each frame. Codes beyond a sequence's length may be anything."""
        return self.table_.log()[codes.clamp(0, self.n_codes - 1)]

    def log_marginal(self, x: LabelledCodes) -> Float[Tensor, " batch"]:
        """ln p(y|x), nats."""
        return ctc_log_marginal(self.log_probs(x.codes), x.targets, x.lengths, x.target_lengths)

    def e_step(self, x: LabelledCodes) -> CTCPosterior:
        """p(z|x, y) under the present table."""
        return ctc_posterior(self.log_probs(x.codes), x.targets, x.lengths, x.target_lengths)

    def statistics(self, x: LabelledCodes, posterior: CTCPosterior) -> Statistics:
        """Σ_t [x_t = v] q(z_t = c), (n_codes, classes), float64."""
        counts = torch.zeros(self.n_codes, self.n_labels + 1, dtype=torch.float64, device=x.codes.device)
        weights = posterior.classes.flatten(0, 1).double()  # 0 beyond a sequence's length
        counts.index_add_(0, x.codes.clamp(0, self.n_codes - 1).flatten(), weights)
        return Statistics.of(posterior.elbo(), counts=counts)

    def maximize(self, statistics: Statistics) -> float:
        """π(c|v) = counts(v, c) / Σ_c counts(v, c); a code that was not seen keeps its row.

        Returns the rounding of the table's entries, over a sequence's frames.
        """
        counts = statistics.values["counts"]
        seen = counts.sum(dim=1, keepdim=True)
        table = torch.where(seen > 0, counts / seen.clamp(min=1e-300), self.table_.double())
        self.table_ = table.to(self.dtype)
        return torch.finfo(self.dtype).eps * float(seen.sum()) / statistics.n_examples

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """ln π, of which the softmax is π; a zero counts as e^-80."""
        return self.table_.double().log().clamp(min=-80.0).flatten()

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        self.table_ = vector.reshape(self.n_codes, self.n_labels + 1).softmax(dim=1).to(self.dtype)

    def _check(self, x: LabelledCodes) -> None:
        classes = torch.empty(0, x.codes.shape[1], self.n_labels + 1, device=x.codes.device)
        check_targets(classes, x.targets, x.target_lengths, 0)
        inside = torch.arange(len(x.codes), device=x.codes.device)[:, None] < x.lengths
        wrong = inside & ((x.codes < 0) | (x.codes >= self.n_codes))
        if wrong.any():
            frame, example = wrong.nonzero()[0].tolist()
            code = x.codes[frame, example].item()
            raise ValueError(f"codes must lie in 0 .. {self.n_codes - 1}, got {code} at frame {frame} of example {example}")
        short = frames_needed(x.targets, x.target_lengths) > x.lengths
        if short.any():
            example = int(short.nonzero()[0])
            raise ValueError(f"targets of example {example} need more frames than its {int(x.lengths[example])}")
