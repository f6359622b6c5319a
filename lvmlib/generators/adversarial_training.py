"""Two players, each with an optimizer of its own, one step each in turn.

What climbs an objective of one model is :func:`lvmlib.training.train`. A game has none: neither player's value says how good
the samples are, and there is nothing to stop early by.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from lvmlib.distributions.factorized import check_values
from lvmlib.generators.adversarial import GAN
from lvmlib.generators.adversarial_folder import AdversarialFolder, AdversarialRecord, AdversarialState, GameBar
from lvmlib.randomness import Seed, as_generator
from lvmlib.training.adam_state import adam
from lvmlib.training.guarded_step import TrainingError
from lvmlib.training.interruption import Interruption
from lvmlib.training.presentation import Presentation, check_presentation
from lvmlib.training.settings import described, fingerprint, seed_of
from lvmlib.validation import as_data, check_at_least, check_count


@dataclass(frozen=True)
class AdversarialResult:
    """What a call of :func:`train_adversarial` did, and what came before it in the same folder."""

    records: list[AdversarialRecord]
    """One an epoch, from the first."""
    n_steps: int
    """Of each player."""
    seconds: float
    """Of all calls together."""

    def term(self, name: str) -> Tensor:
        """The mean of a term at each epoch, (n_epochs,), nats: "discrimination", "generator", "category", ..."""
        return torch.tensor([record.terms[name] for record in self.records], dtype=torch.float64)


def train_adversarial(
    model: GAN,
    x: object,
    n_epochs: int,
    *,
    batch_size: int = 64,
    generator_rate: float = 1e-3,
    discriminator_rate: float = 2e-4,
    betas: tuple[float, float] = (0.5, 0.999),
    eps: float = 1e-8,
    random_state: Seed = 0,
    presentation: Presentation | None = None,
    augmentation: Presentation | None = None,
    folder: str | os.PathLike | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 10.0,
    progress: bool = False,
    callback: Callable[[AdversarialRecord, GAN], None] | None = None,
) -> AdversarialResult:
    """Play the game: at each step a batch is drawn, the discriminator climbs its terms, then the generator its own.

    Both see the same generated batch; the generator climbs against the discriminator as just moved. Each step's gradient
    is of one player's parameters alone. An epoch is floor(n_examples / batch_size) steps in an order drawn anew: the
    examples left over, fewer than a batch, are not shown in it, for batch normalization reads the batch. All random
    numbers come from one stream that ``random_state`` starts: the same seed gives the same weights to the bit on the
    same machine and number of threads, interrupted or not, and no other random state is touched.

    Parameters
    ----------
    model
        On the device, and of the dtype, of x.
    x : (n_examples, n_features)
        Images with pixels in [0, 1], where a generator that ends in a sigmoid lies too, or points.
    generator_rate, discriminator_rate, betas
        Of Adam. DCGAN and InfoGAN take β₁ = 0.5, and these rates.
    presentation
        Called with each batch of x and the run's generator, returns what stands for the real examples.
    augmentation
        Called in the same way with the real and with the generated batch, returns what the discriminator sees of them:
        differentiable, such as :class:`~lvmlib.generators.augmentation.RandomAffine`.
    folder
        Where the run is kept: checkpoint.safetensors, model.safetensors, training.json, log.csv.
    resume
        Go on from the folder's checkpoint, if there is one; the number of epochs may be another one, nothing else.
    checkpoint_minutes
        Write a checkpoint whenever so many minutes have passed; at Ctrl-C, SIGTERM and the end one is written in any case.
    progress
        Show a progress bar with both players' values and the bound on the information in the code, nats.
    callback
        Called as ``callback(record, model)`` after each epoch.

    Raises
    ------
    TrainingError
        If a value or a gradient is NaN or infinite: names the player and the step. The step is not taken.
    CheckpointError
        If a checkpoint can't be written, is truncated, or holds another model or a run with other settings.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM, after the step in hand was finished and a checkpoint written.
    FileExistsError
        If the folder holds a run and ``resume`` is False.
    ValueError, TypeError
        If an argument is none of what is allowed, or model and x differ in device or dtype.

    References
    ----------
    Goodfellow et al. 2014, algorithm 1; Radford, Metz & Chintala 2016, section 4; Chen et al. 2016, appendix C.
    """
    x = _checked_data(x, model)
    for name, count in [("n_epochs", n_epochs), ("batch_size", batch_size)]:
        check_count(name, count)
    if not 2 <= batch_size <= len(x):
        raise ValueError(f"batch_size must be at least 2 and at most the number of examples, {len(x)}, got {batch_size}")
    for name, rate in [("generator_rate", generator_rate), ("discriminator_rate", discriminator_rate)]:
        if not 0 < rate < math.inf:
            raise ValueError(f"{name} must be a positive number, got {rate}")
    check_at_least("checkpoint_minutes", checkpoint_minutes, 0)
    if resume and folder is None:
        raise ValueError("resume needs a folder, got None")
    check_presentation(presentation, x)
    as_generator(random_state)
    seed = seed_of(random_state)
    recorded = {
        "batch_size": batch_size,
        "discriminator_rate": discriminator_rate,
        "betas": list(betas),
        "eps": eps,
        "random_state": seed if isinstance(random_state, int) else "a generator",
        "presentation": described(presentation),
        "augmentation": described(augmentation),
        "model": described(model),
        "weights": model.weights,
        "x": fingerprint(x),
        "stages": [{"n_epochs": n_epochs, "learning_rate": generator_rate}],  # so that more may be asked for
    }
    game = Game(model, x, batch_size, (generator_rate, discriminator_rate), betas, eps, seed, presentation, augmentation)
    kept = AdversarialFolder(None if folder is None else Path(folder), checkpoint_minutes, recorded)
    kept.start(game.state, resume)
    was_training = model.training
    try:
        game.play(n_epochs, kept, progress, callback)
    except (TrainingError, ValueError) as error:
        if kept.holds_checkpoint():
            error.add_note(f"the last checkpoint stands in {kept.folder}")
        raise
    finally:
        model.train(was_training)
    return AdversarialResult(game.state.records, game.state.step, game.state.seconds)


class Game:
    """Made by :func:`train_adversarial`, which says what its arguments are."""

    def __init__(
        self,
        model: GAN,
        x: Tensor,
        batch_size: int,
        rates: tuple[float, float],
        betas: tuple[float, float],
        eps: float,
        seed: int,
        presentation: Presentation | None = None,
        augmentation: Presentation | None = None,
    ) -> None:
        self.model, self.x, self.batch_size = model, x, batch_size
        self.presentation, self.augmentation = presentation, augmentation
        optimizers = {"generator": adam(model.generator, betas, eps), "discriminator": adam(model.discriminator, betas, eps)}
        for optimizer, rate in zip(optimizers.values(), rates):
            optimizer.param_groups[0]["lr"] = rate
        self.state = AdversarialState(model, optimizers, torch.Generator(x.device).manual_seed(seed), len(x) // batch_size)

    def play(
        self,
        n_epochs: int,
        kept: AdversarialFolder,
        progress: bool,
        callback: Callable[[AdversarialRecord, GAN], None] | None,
    ) -> None:
        """The steps that are left."""
        state, started, before = self.state, time.monotonic(), self.state.seconds
        self.model.train()
        bar = GameBar(progress, n_epochs * state.n_steps_per_epoch, state.step)
        try:
            with Interruption() as interruption:
                while state.step < n_epochs * state.n_steps_per_epoch:
                    self._step()
                    state.seconds = before + time.monotonic() - started
                    bar.show(state)
                    if state.step % state.n_steps_per_epoch == 0:
                        kept.log(state.end_epoch())
                        if callback is not None:
                            callback(state.records[-1], self.model)
                            self.model.train()
                    if interruption.requested:
                        kept.save(state)
                        where = "no folder was given to keep it in"
                        if kept.folder is not None:
                            where = f"the checkpoint is in {kept.folder}"
                        raise KeyboardInterrupt(f"training stopped after step {state.step}; {where}")
                    if kept.is_due():
                        kept.save(state)
        finally:
            bar.close()
        kept.save(state)

    def _step(self) -> None:
        state = self.state
        if state.order is None:
            state.order = torch.randperm(len(self.x), generator=state.stream, device=self.x.device)
        begin = state.step % state.n_steps_per_epoch * self.batch_size
        x = self.x.index_select(0, state.order[begin : begin + self.batch_size])
        if self.presentation is not None:
            x = self.presentation(x, state.stream)
        generated = self.model.generate(len(x), state.stream)
        if generated.x.shape != x.shape:
            raise ValueError(f"x has {x.shape[1]} columns, but the generator makes {generated.x.shape[1]}")
        if self.augmentation is not None:
            x = self.augmentation(x, state.stream)
            generated = replace(generated, x=self.augmentation(generated.x, state.stream))
        try:
            of_discriminator = self.model.discriminator_terms(x, generated.detach())
            self._climb("discriminator", self.model.discriminator, of_discriminator)
            of_generator = self.model.generator_terms(generated)
            self._climb("generator", self.model.generator, of_generator)
        except ValueError as error:  # a NaN, found by what it was handed to
            error.add_note(f"in step {state.step + 1} of training")
            raise
        state.step += 1
        state.add(of_discriminator | of_generator)  # of a term that both climb, the generator's, which was computed last

    def _climb(self, name: str, player: nn.Module, terms: dict[str, Tensor]) -> None:
        parameters = [one for one in player.parameters() if one.requires_grad]
        value = self.model.climbed(terms).mean()
        gradients = torch.autograd.grad(value, parameters, allow_unused=True)  # of this player's parameters, no other's
        norms = torch._foreach_norm([one for one in gradients if one is not None])
        if not torch.isfinite(torch.stack([value.detach(), *norms])).all():
            means = ", ".join(f"{term} {values.detach().mean().item():.4g}" for term, values in terms.items())
            raise TrainingError(
                f"step {self.state.step + 1}, {name}: the gradient or a value is NaN or infinite ({means}, in nats). This step "
                "was not taken. Look at x, the learning rates and the weights of the terms."
            )
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        self.state.optimizers[name].step()
        for parameter in parameters:
            parameter.grad = None


def _checked_data(x: object, model: GAN) -> Tensor:
    x = as_data(x)
    weight = next(model.parameters())
    if weight.device != x.device or weight.dtype != x.dtype:
        raise ValueError(
            f"x is {x.dtype} on {x.device}, the model {weight.dtype} on {weight.device}: convert or move one of them"
        )
    images = any(isinstance(layer, nn.Sigmoid) for layer in model.generator.modules())
    return check_values(x, (x >= 0) & (x <= 1), "in [0, 1], where the generator's sigmoid ends") if images else x
