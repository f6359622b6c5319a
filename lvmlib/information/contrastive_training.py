"""Training of contrastive predictive coding: no labels, and held-out sequences to judge by."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lvmlib.information.contrastive_predictive_coding import ContrastivePredictiveCoding
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_count


@dataclass(frozen=True, eq=False)
class PredictiveTraining:
    """What :func:`train_predictive_coding` did."""

    objective: Float[Tensor, " n_steps"]
    """Σ_k InfoNCE of each step's batch before the step, nats."""
    held_out: dict[int, float]
    """The same, of all held-out sequences together, after so many steps; empty without held-out sequences."""
    best_step: int
    """Whose weights the model has: those of the best held-out value, or the last."""


def train_predictive_coding(
    model: ContrastivePredictiveCoding,
    features: Float[Tensor, "sequences frames n_features"],
    lengths: Int[Tensor, " sequences"],
    n_steps: int,
    *,
    batch_size: int = 64,
    negatives: str = "same_time",
    n_contrasts: int | None = 8,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.0,
    held_out: tuple[Tensor, Tensor] | None = None,
    evaluate_every: int = 50,
    random_state: Seed = 0,
    progress: bool = False,
) -> PredictiveTraining:
    """Climb Σ_k InfoNCE(z_{t+k}; c_t) by Adam, the step falling to 0 along half a cosine; ``model`` is changed in place.

    Parameters
    ----------
    batch_size
        Sequences of a step, drawn without replacement. The estimate can't pass ln of it.
    negatives, n_contrasts
        Of :func:`~lvmlib.information.contrastive_predictive_coding.predictive_estimates`.
    weight_decay
        Decoupled, of all weights.
    held_out : (features, lengths)
        Evaluated after every ``evaluate_every`` steps and after the last, with all contrasts of all its sequences; the
        weights of the best evaluation are put back at the end.
    random_state
        Chooses batches and contrasts.

    Raises
    ------
    ValueError
        If ``batch_size`` is below 2 or above the number of sequences, or as the functions above.
    ArithmeticError
        If the objective is not finite.

    References
    ----------
    van den Oord, Li & Vinyals, Representation Learning with Contrastive Predictive Coding, 2018, section 2.3.
    """
    check_count("n_steps", n_steps)
    check_count("batch_size", batch_size)
    check_count("evaluate_every", evaluate_every)
    if not 2 <= batch_size <= len(features):
        raise ValueError(f"batch_size must be from 2 to the number of sequences, {len(features)}, got {batch_size}")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be a positive number, got {learning_rate}")
    generator = as_generator(random_state)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    objective: list[float] = []
    evaluations: dict[int, float] = {}
    best_step, best_weights = n_steps, None
    model.train()
    with tqdm(total=n_steps, desc="CPC", disable=not progress) as bar:
        for step in range(1, n_steps + 1):
            drawn = torch.randperm(len(features), generator=generator, device=generator.device)[:batch_size].to(features.device)
            longest = int(lengths[drawn].max())
            estimates = model.predictive_information(
                features[drawn, :longest], lengths[drawn],
                negatives=negatives, n_contrasts=n_contrasts, random_state=generator,
            )  # fmt: skip
            total = torch.stack([estimate.mean for estimate in estimates]).sum()
            if not torch.isfinite(total):
                raise ArithmeticError(f"step {step}: the objective is {total.item()}: look at features and learning_rate")
            optimizer.zero_grad()
            (-total).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            objective.append(total.item())
            bar.update()
            bar.set_postfix_str(f"{objective[-1]:.3f} nats over all k")
            if held_out is not None and (step % evaluate_every == 0 or step == n_steps):
                evaluations[step] = held_out_information(model, *held_out, negatives).sum().item()
                if evaluations[step] == max(evaluations.values()):
                    best_step, best_weights = step, copy.deepcopy(model.state_dict())
    if best_weights is not None:
        model.load_state_dict(best_weights)
    return PredictiveTraining(torch.tensor(objective, dtype=torch.float64), evaluations, best_step)


@torch.no_grad()
def held_out_information(
    model: ContrastivePredictiveCoding,
    features: Float[Tensor, "sequences frames n_features"],
    lengths: Int[Tensor, " sequences"],
    negatives: str = "same_time",
) -> Float[Tensor, " n_steps_ahead"]:
    """InfoNCE in nats for k = 1 ... n_steps_ahead, with all contrasts of these sequences, as one batch."""
    was_training = model.training
    model.eval()
    estimates = model.predictive_information(features, lengths, negatives=negatives, random_state=0)
    model.train(was_training)
    return torch.stack([estimate.mean for estimate in estimates])
