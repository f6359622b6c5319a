r"""Contrastive predictive coding: an encoding of sequences, learned without labels by predicting it from its past.

An encoder turns the frames of a sequence into z_1, z_2, ..., one for each patch of a few frames; a recurrent layer sums up
z_1 ... z_t in the context c_t; for each k the score of a context and an encoding is f_k(c, z) = z·W_k c. The encodings
z_{t+k} that really follow are told from those of other sequences, or times, by InfoNCE, a lower bound on I(x_{t+k}; c_t)
in nats that is never above ln N; what is climbed is its sum over k = 1 ... n_steps_ahead.

Patches don't overlap: otherwise the context would hold frames of what it predicts, and the information would be no news.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lvmlib.information.estimate import Estimate
from lvmlib.information.mutual_information import info_nce
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_choice, check_count

NEGATIVES = {"same_time": "lower", "any_time": "lower", "own_sequence": "neither"}
"""What an encoding is told from, and which side of I(x_{t+k}; c_t) the estimate then stands on; see :func:`contrasts`."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """Pairs (c_t of sequence i, z_{t+k} of sequence i) that are each other's negatives."""

    sequences: Int[Tensor, " pairs"]
    times: Int[Tensor, " pairs"]
    """t."""


@dataclass(frozen=True, eq=False)
class EncodedSequences:
    """What the model makes of a ragged batch. Beyond a sequence's own steps values mean nothing."""

    encodings: Float[Tensor, "batch steps n_encoding"]
    """z_t."""
    contexts: Float[Tensor, "batch steps n_context"]
    """c_t, a function of z_1 ... z_t."""
    steps: Int[Tensor, " batch"]
    """How many each sequence has."""


class ContrastivePredictiveCoding(nn.Module):
    """Encoder, recurrent layer and the bilinear critics W_k.

    Parameters
    ----------
    n_features
        Of a frame.
    n_steps_ahead
        k goes from 1 to it.
    frames_per_step
        In the patch that one encoding sees.
    hidden
        Channels of the encoder's first convolution.
    random_state
        For the starting weights.

    References
    ----------
    van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, 2018, figure 1, equation (3).
    """

    def __init__(
        self,
        n_features: int,
        n_steps_ahead: int = 6,
        *,
        frames_per_step: int = 2,
        n_encoding: int = 32,
        n_context: int = 64,
        hidden: int = 64,
        random_state: Seed = 0,
    ) -> None:
        super().__init__()
        for name, value in [
            ("n_features", n_features), ("n_steps_ahead", n_steps_ahead), ("frames_per_step", frames_per_step),
            ("n_encoding", n_encoding), ("n_context", n_context), ("hidden", hidden),
        ]:  # fmt: skip
            check_count(name, value)
        self.n_features, self.frames_per_step, self.n_steps_ahead = n_features, frames_per_step, n_steps_ahead
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        with drawing_from(as_generator(random_state)):
            self.encoder = nn.Sequential(
                nn.Conv1d(n_features, hidden, frames_per_step, stride=frames_per_step),
                nn.ReLU(),
                nn.Conv1d(hidden, n_encoding, 1),
            )
            self.recurrent = nn.GRU(n_encoding, n_context, batch_first=True)
            self.predictors = nn.ModuleList([nn.Linear(n_context, n_encoding, bias=False) for _ in range(n_steps_ahead)])

    @torch.no_grad()
    def standardize_by(self, features: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]) -> None:
        """From now on features are taken relative to mean and standard deviation over all frames of these sequences."""
        check_sequences(features, lengths, self.n_features)
        frames = features[inside(features.shape[1], lengths)]  # (all frames, n_features)
        deviations = frames.std(dim=0, correction=0)
        self.mean.copy_(frames.mean(dim=0))
        self.scale.copy_(torch.where(deviations > 0, deviations, 1.0))

    def steps(self, lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
        """Encodings of sequences of so many frames: whole patches alone."""
        return lengths // self.frames_per_step

    def forward(
        self, features: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]
    ) -> EncodedSequences:
        """z_t and c_t of each sequence.

        Raises
        ------
        ValueError
            If ``lengths`` are not one a sequence, from 0 to the number of frames, features within them are NaN or
            infinite, or have another number than the model's, or no sequence has a whole patch.
        """
        check_sequences(features, lengths, self.n_features)
        steps = self.steps(lengths)
        if int(steps.max()) == 0:
            least = f"at least frames_per_step = {self.frames_per_step}"
            raise ValueError(f"lengths must hold one of {least}, got {lengths.tolist()}")
        frames = torch.where(inside(features.shape[1], lengths)[:, :, None], (features - self.mean) / self.scale, 0.0)
        frames = frames[:, : int(steps.max()) * self.frames_per_step]
        encodings = self.encoder(frames.mT).mT  # (batch, steps, n_encoding)
        return EncodedSequences(encodings, self.recurrent(encodings)[0], steps)

    def predictive_information(
        self,
        features: Float[Tensor, "batch frames n_features"],
        lengths: Int[Tensor, " batch"],
        *,
        negatives: str = "same_time",
        n_contrasts: int | None = None,
        random_state: Seed = 0,
    ) -> list[Estimate]:
        """InfoNCE of z_{t+k} and c_t for k = 1 ... n_steps_ahead: what is climbed, and on other sequences the estimate.

        Parameters
        ----------
        negatives, n_contrasts, random_state
            As :func:`predictive_estimates`.
        """
        encoded = self(features, lengths)
        return predictive_estimates(
            encoded, self.predictors, negatives=negatives, n_contrasts=n_contrasts, random_state=random_state
        )

    @torch.no_grad()
    def represent(
        self, features: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch n_context"]:
        """The mean of c_t over a sequence's own steps.

        Raises
        ------
        ValueError
            If a sequence has no whole patch, or as :meth:`forward`.
        """
        encoded = self(features, lengths)
        return mean_within(encoded.contexts, encoded.steps)


def predictive_estimates(
    encoded: EncodedSequences,
    predictors: Iterable[Callable[[Tensor], Tensor]],
    *,
    negatives: str = "same_time",
    n_contrasts: int | None = None,
    random_state: Seed = 0,
) -> list[Estimate]:
    r"""InfoNCE with the scores z·W_k c for each k, nats: one value a pair, over all contrasts.

    Parameters
    ----------
    predictors
        c (pairs, n_context) -> W_k c (pairs, n_encoding), for k = 1, 2, ...
    negatives : {"same_time", "any_time", "own_sequence"}
        See :func:`contrasts`.
    n_contrasts
        How many of them, drawn for each k, are computed; None for all. For "any_time" how many are made.
    random_state
        What is drawn is drawn from it.

    Returns
    -------
    list of Estimate
        One a k. Each value is at most ln N, N being the number of pairs in its contrast.

    Raises
    ------
    ValueError
        If for some k no contrast has two pairs, or an argument is not among what is allowed.

    References
    ----------
    van den Oord, Li & Vinyals, 2018, equations (3) and (4).
    """
    check_choice("negatives", negatives, NEGATIVES)
    if n_contrasts is not None:
        check_count("n_contrasts", n_contrasts)
    generator = as_generator(random_state)
    estimates = []
    for k, predictor in enumerate(predictors, start=1):
        found = contrasts(encoded.steps, k, negatives, n_contrasts, generator)
        if not found:
            raise ValueError(f"for k = {k} there are no two pairs to contrast: sequences have {encoded.steps.tolist()} steps")
        values = [info_nce(scores(encoded, predictor, k, contrast)).values for contrast in found]
        estimates.append(Estimate(torch.cat(values), NEGATIVES[negatives]))
    return estimates


def scores(
    encoded: EncodedSequences, predictor: Callable[[Tensor], Tensor], k: int, contrast: Contrast
) -> Float[Tensor, "pairs pairs"]:
    """scores[i, j] = z_{t_j + k} of pair j · W_k c_{t_i} of pair i."""
    c = encoded.contexts[contrast.sequences, contrast.times]
    z = encoded.encodings[contrast.sequences, contrast.times + k]
    return predictor(c) @ z.mT


def contrasts(
    steps: Int[Tensor, " batch"], k: int, negatives: str, n_contrasts: int | None, generator: torch.Generator
) -> list[Contrast]:
    """Groups of pairs that are each other's negatives, of at least two pairs each; sequences end, so groups differ in size.

    "same_time"
        One for each t: all sequences that have z_{t+k}. The estimate is a lower bound on I(x_{t+k}; c_t), averaged
        over t: what can be told from t itself counts for nothing.
    "any_time"
        In each, every sequence that has more than k steps, at a t of its own drawn uniformly: a lower bound on
        I(x_{t+k}; c_t) for a random t, which counts how both depend on t.
    "own_sequence"
        One for each sequence: all its t. What stays the same within a sequence, its speaker or its loudness, cannot help.
        The pairs are not independent, so that this is no bound on anything.
    """
    check_choice("negatives", negatives, NEGATIVES)
    device, longest = steps.device, int(steps.max())
    if negatives == "any_time":
        enough = (steps > k).nonzero()[:, 0]
        if len(enough) < 2:
            return []
        room = (steps[enough] - k).to(torch.float64)
        n_contrasts = n_contrasts or longest - k
        draws = torch.rand(n_contrasts, len(enough), generator=generator, dtype=torch.float64, device=generator.device)
        return [Contrast(enough, time) for time in (draws.to(device) * room).long()]
    if negatives == "same_time":
        # (t + k < steps) for each t, and so fewer sequences the later it is
        wanted = [t for t in range(longest - k) if int((steps > t + k).sum()) >= 2]
    else:
        wanted = (steps - k >= 2).nonzero()[:, 0].tolist()
    if n_contrasts is not None and n_contrasts < len(wanted):
        order = torch.randperm(len(wanted), generator=generator, device=generator.device)[:n_contrasts]
        wanted = [wanted[n] for n in order.tolist()]
    if negatives == "same_time":
        groups = [(steps > t + k).nonzero()[:, 0] for t in wanted]
        return [Contrast(group, torch.full_like(group, t)) for group, t in zip(groups, wanted)]
    times = [torch.arange(int(steps[n]) - k, device=device) for n in wanted]
    return [Contrast(torch.full_like(time, n), time) for n, time in zip(wanted, times)]


def inside(n_frames: int, lengths: Int[Tensor, " batch"]) -> Tensor:
    """Whether a frame is one of the sequence's own, (batch, n_frames)."""
    return torch.arange(n_frames, device=lengths.device) < lengths[:, None]


def mean_within(
    values: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "batch n_features"]:
    """The mean over each sequence's own frames.

    Raises
    ------
    ValueError
        If a sequence has none.
    """
    if int(lengths.min()) < 1:
        raise ValueError(f"lengths must be at least 1 to have a mean, got {int(lengths.min())}")
    return torch.where(inside(values.shape[1], lengths)[:, :, None], values, 0.0).sum(dim=1) / lengths[:, None]


def check_sequences(features: Tensor, lengths: Tensor, n_features: int) -> None:
    """Raise a ValueError unless features (batch, frames, n_features) are finite within ``lengths`` (batch,)."""
    if features.ndim != 3 or features.shape[2] != n_features or len(features) == 0:
        raise ValueError(f"features must have the shape (batch, frames, {n_features}), got {tuple(features.shape)}")
    if lengths.shape != features.shape[:1] or int(lengths.min()) < 0 or int(lengths.max()) > features.shape[1]:
        raise ValueError(
            f"lengths must be {len(features)} numbers from 0 to {features.shape[1]}, one a sequence, got {lengths.tolist()}"
        )
    bad = ~torch.isfinite(features) & inside(features.shape[1], lengths)[:, :, None]
    if bad.any():
        raise ValueError(f"features holds {int(bad.sum())} values that are NaN or infinite within the lengths")
