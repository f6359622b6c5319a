"""A small recognizer: features of a sound in, labels out, trained by the likelihood of its labels alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lvmlib.exact.ctc.collapse import frames_needed
from lvmlib.exact.ctc.decoding import Hypothesis, best_path, prefix_beam_search
from lvmlib.exact.ctc.marginal import ctc_log_marginal
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_at_least


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """A ragged batch to learn from."""

    features: Float[Tensor, "batch frames n_features"]
    lengths: Int[Tensor, " batch"]
    targets: Int[Tensor, "batch labels"]
    target_lengths: Int[Tensor, " batch"]


class CTCRecognizer(nn.Module):
    """ln p_t(c|x) for frames of x: convolutions over time, then a recurrent layer both ways.

    The first convolution takes every second frame, so that x of T frames has (T + 1) // 2
    frames of log-probabilities. Class 0 is the blank; labels are 1 .. ``n_labels``.

    Features are standardized, each by its mean and standard deviation over an example's own
    frames: what a speaker's loudness and microphone do to all frames alike is gone.

    Parameters
    ----------
    random_state
        A seed or a generator for the starting weights.
    """

    def __init__(
        self, n_features: int, n_labels: int, *, width: int = 64, dropout: float = 0.2, random_state: Seed = 0
    ) -> None:
        super().__init__()
        for name, value in [("n_features", n_features), ("n_labels", n_labels), ("width", width)]:
            check_at_least(name, value, 1)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {dropout}")
        with drawing_from(as_generator(random_state)):
            self.first = nn.Conv1d(n_features, width, 5, stride=2, padding=2)
            self.second = nn.Conv1d(width, width, 5, padding=2)
            self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(2 * width)])
            self.recurrent = nn.GRU(width, width, batch_first=True, bidirectional=True)
            self.readout = nn.Linear(2 * width, n_labels + 1)
        self.dropout = nn.Dropout(dropout)

    @staticmethod
    def output_lengths(lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
        """Frames of log-probabilities for so many frames of features."""
        return (lengths + 1) // 2

    def forward(
        self, features: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "output_frames batch classes"]:
        """ln p_t(c|x). What lies beyond an example's length neither matters nor means anything."""
        hidden = standardize(features, lengths).transpose(1, 2)  # (batch, n_features, frames)
        shorter = self.output_lengths(lengths)
        hidden = self.dropout(self.norms[0](torch.relu(self.first(hidden)).transpose(1, 2)))
        more = torch.relu(self.second(within(hidden, shorter).transpose(1, 2))).transpose(1, 2)
        hidden = self.norms[1](hidden + more)  # (batch, output frames, width)
        # Packed, so that the way back begins at an example's own end; a length of 0 cannot be packed.
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(hidden), shorter.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
        )
        recurrent, _ = nn.utils.rnn.pad_packed_sequence(
            self.recurrent(packed)[0], batch_first=True, total_length=hidden.shape[1]
        )
        hidden = self.norms[2](recurrent)
        return self.readout(self.dropout(hidden)).log_softmax(dim=2).transpose(0, 1)

    def log_marginal(self, batch: LabelledFeatures) -> Float[Tensor, " batch"]:
        """ln p(y|x) of each example, nats.

        Raises
        ------
        ValueError
            If an example's labels need more frames than it has: it could not be learned.
        """
        frames = self.output_lengths(batch.lengths)
        needed = frames_needed(batch.targets, batch.target_lengths)
        if (needed > frames).any():
            example = int((needed > frames).nonzero()[0])
            raise ValueError(
                f"targets of example {example} need {int(needed[example])} frames, a blank between equal labels among them, "
                f"but its features of length {int(batch.lengths[example])} give {int(frames[example])}"
            )
        return ctc_log_marginal(self(batch.features, batch.lengths), batch.targets, frames, batch.target_lengths)

    @torch.no_grad()
    def recognize(
        self,
        features: Float[Tensor, "batch frames n_features"],
        lengths: Int[Tensor, " batch"],
        beam_width: int | None = None,
    ) -> list[Hypothesis]:
        """Labels of each example: those of the best path, or with a ``beam_width`` the best of a prefix beam search."""
        was_training = self.training
        self.eval()
        log_probs = self(features, lengths)
        self.train(was_training)
        frames = self.output_lengths(lengths)
        if beam_width is None:
            return best_path(log_probs, frames)
        return [found[0] for found in prefix_beam_search(log_probs, frames, beam_width=beam_width)]


def train_recognizer(
    recognizer: CTCRecognizer,
    batches: Iterable[LabelledFeatures],
    n_steps: int,
    *,
    learning_rate: float = 3e-3,
    random_state: Seed = 0,
    progress: bool = True,
) -> Float[Tensor, " n_steps"]:
    """Climb the mean of ln p(y|x) per label by Adam, the step falling to 0 along half a cosine.

    Each step is one of generalized EM: the gradient of ln p(y|x) is that of the ELBO with
    q(z) = p(z|x, y) held fixed.

    Returns
    -------
    Tensor (n_steps,)
        ln p(y|x) per label of each step's batch before the step, nats.

    Raises
    ------
    ValueError
        If ``batches`` are fewer than ``n_steps``, or labels need more frames than there are.
    ArithmeticError
        If the likelihood is not finite.
    """
    check_at_least("n_steps", n_steps, 1)
    optimizer = torch.optim.Adam(recognizer.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    history: list[float] = []
    recognizer.train()
    # Dropout draws from the global state: seeded here, and put back afterwards.
    with drawing_from(as_generator(random_state)), tqdm(total=n_steps, desc="CTC", disable=not progress) as bar:
        for batch in batches:
            objective = recognizer.log_marginal(batch).sum() / batch.target_lengths.sum().clamp(min=1)
            if not torch.isfinite(objective):
                raise ArithmeticError(f"step {len(history)}: ln p(y|x) per label is {objective.item()}: look at features")
            optimizer.zero_grad()
            (-objective).backward()
            nn.utils.clip_grad_norm_(recognizer.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            history.append(objective.item())
            bar.update()
            bar.set_postfix_str(f"ln p(y|x) {history[-1]:.3f} nats per label")
            if len(history) == n_steps:
                return torch.tensor(history)
    raise ValueError(f"batches must be at least n_steps = {n_steps}, got {len(history)}")


def standardize(
    features: Float[Tensor, "batch frames n_features"], lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "batch frames n_features"]:
    """Mean 0 and standard deviation 1 over each example's own frames; 0 beyond them."""
    inside = (torch.arange(features.shape[1], device=features.device) < lengths[:, None])[:, :, None]
    count = lengths.clamp(min=1)[:, None, None]
    mean = torch.where(inside, features, 0.0).sum(dim=1, keepdim=True) / count
    centred = torch.where(inside, features - mean, 0.0)
    return centred / (centred.square().sum(dim=1, keepdim=True) / count + 1e-6).sqrt()


def within(
    hidden: Float[Tensor, "batch frames channels"], lengths: Int[Tensor, " batch"]
) -> Float[Tensor, "batch frames channels"]:
    """0 beyond each example's frames, as a convolution pads: an example does not see how long the batch is."""
    inside = torch.arange(hidden.shape[1], device=hidden.device) < lengths[:, None]
    return torch.where(inside[:, :, None], hidden, 0.0)
