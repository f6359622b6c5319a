"""Generative adversarial networks: a p(x) that can be sampled, and whose density can't be computed.

A generator G carries noise z to x = G(z); a discriminator D guesses whether an example is real. They play for

    V(G, D) = E_x[ln D(x)] + E_z[ln(1 - D(G(z)))],

which the discriminator climbs. At its best, D*(x) = p_data(x) / (p_data(x) + p_G(x)), it is 2 JSD(p_data || p_G) - 2 ln 2
(Goodfellow et al. 2014, proposition 1 and theorem 1). D is given by its logit: D(x) = σ(l(x)), ln D = ln σ(l) and
ln(1 - D) = ln σ(-l), so that nothing overflows. Every value is one an example, in nats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_choice, check_count, check_finite


def discrimination(real_logits: Float[Tensor, " batch"], generated_logits: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    r"""What the discriminator climbs, ln D(x) + ln(1 - D(G(z))), its mean an estimate of V(G, D).

    At most 0; -2 ln 2 = -1.386 for a discriminator that can't tell the two apart and says so.

    Parameters
    ----------
    real_logits, generated_logits : (batch,)
        Of D at as many real as generated examples.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If they are not (batch,) of the same length, or hold NaN.
    TypeError
        If one is not a floating-point tensor.

    References
    ----------
    Goodfellow et al., Generative Adversarial Nets, 2014, equation (1).
    """
    check_logits("real_logits", real_logits)
    check_logits("generated_logits", generated_logits)
    if real_logits.shape != generated_logits.shape:
        raise ValueError(
            f"real_logits and generated_logits must be as many, got {len(real_logits)} and {len(generated_logits)}"
        )
    return logsigmoid(real_logits) + logsigmoid(-generated_logits)


def non_saturating(generated_logits: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    r"""What the generator climbs, ln D(G(z)).

    Its slope in the logit is 1 - D: greatest where the discriminator is surest of a fake.

    Parameters
    ----------
    generated_logits : (batch,)

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError, TypeError
        As :func:`discrimination`.

    References
    ----------
    Goodfellow et al. 2014, section 3.
    """
    check_logits("generated_logits", generated_logits)
    return logsigmoid(generated_logits)


def minimax(generated_logits: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    r"""The generator's half of the zero-sum game, to be climbed: -ln(1 - D(G(z))).

    Its slope in the logit is D: near nothing where the discriminator is sure of a fake, which is where training begins.

    Parameters, returns, raises and references as :func:`non_saturating`.
    """
    check_logits("generated_logits", generated_logits)
    return -logsigmoid(-generated_logits)


GENERATOR_OBJECTIVES = {"non_saturating": non_saturating, "minimax": minimax}


def gradient_penalty(logits: Float[Tensor, " batch"], x: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    r"""||∂l/∂x||², the discriminator's squared slope at each example (R1 where the examples are real ones).

    With it, weighted by γ/2, the discriminator is drawn to be flat where the generator has arrived: without, the
    two may circle each other for ever. It can be differentiated again.

    Parameters
    ----------
    logits : (batch,)
        Computed from ``x``, each from its own row alone.
    x : (batch, ...)
        Requires a gradient.

    Raises
    ------
    ValueError
        If ``x`` requires no gradient, or is not as many examples as logits.

    References
    ----------
    Mescheder, Geiger & Nowozin, Which training methods for GANs do actually converge?, 2018, equation (9).
    """
    check_logits("logits", logits)
    if not x.requires_grad or len(x) != len(logits):
        raise ValueError(
            f"x must require a gradient and be {len(logits)} examples, one a logit, "
            f"got {len(x)}, requires_grad {x.requires_grad}"
        )
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(dim=1)


class ImplicitGenerator(nn.Module):
    """x = G(z), z ~ N(0, I): the law of x is that of a random number carried through a network.

    ``network`` takes (batch, n_noise) to (batch, n_features). Where p(x) is a density, it is an integral over all z with
    G(z) = x, which no one can compute; where n_noise < n_features, all its mass lies on a set of volume 0, and there is none.
    """

    def __init__(self, network: nn.Module, n_noise: int) -> None:
        super().__init__()
        check_count("n_noise", n_noise)
        self.network, self.n_noise = network, n_noise

    def forward(self, z: Float[Tensor, "batch n_inputs"]) -> Float[Tensor, "batch n_features"]:
        return self.network(z)

    def draw_noise(self, n_samples: int, random_state: Seed) -> Float[Tensor, "batch n_noise"]:
        """z ~ N(0, I), on the device and of the dtype of the parameters."""
        weight = next(self.parameters())
        generator = as_generator(random_state, weight.device)
        return torch.randn(n_samples, self.n_noise, generator=generator, dtype=weight.dtype, device=weight.device)

    def sample(self, n_samples: int, random_state: Seed) -> Float[Tensor, "batch n_features"]:
        """Examples of p(x), without gradient, the network in evaluation mode: each depends on its own noise alone.

        Raises
        ------
        ValueError, TypeError
            If ``n_samples`` is not a whole number of at least 1, or ``random_state`` neither a seed nor a generator.
        """
        check_count("n_samples", n_samples)
        return self.evaluate(self.draw_noise(n_samples, random_state))

    @torch.no_grad()
    def evaluate(self, z: Float[Tensor, "batch n_inputs"]) -> Float[Tensor, "batch n_features"]:
        """G(z) in evaluation mode: batch normalization by what it saw in training, not by this batch."""
        with in_evaluation_mode(self):
            return self(z)

    def log_prob(self, value: object) -> Tensor:
        """Raises: there is no density to be computed.

        Raises
        ------
        NotImplementedError
            Always; says why, and what has a density instead.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no log_prob: it is sampled by carrying {self.n_noise} random numbers through a network "
            "that has no inverse, so ln p(x) is an integral over every z that gives x, or does not exist. Use a flow or a "
            "variational autoencoder where a density is needed"
        )


@dataclass(frozen=True)
class Generated:
    """A batch that a generator made, and the code that it was made from, if the game has one."""

    x: Float[Tensor, "batch n_features"]
    code: Float[Tensor, "batch n_code"] | None = None

    def detach(self) -> Generated:
        """The same numbers, with no way back to the generator."""
        return Generated(self.x.detach(), self.code)


class GAN(nn.Module):
    """The game of a generator and a discriminator: what each of them climbs.

    Each player climbs a weighted sum of terms, each (batch,); ``weights`` has the weight of each by its name.

    Parameters
    ----------
    generator
        Draws noise, and makes x (batch, n_features) of it.
    discriminator
        Called with x it returns logits (batch,). It must not share parameters with the generator.
    objective : {"non_saturating", "minimax"}
        What the generator climbs.
    penalty
        Weight γ of R1, at least 0: the discriminator climbs V - (γ/2) E ||∂l/∂x||² over real examples.

    Raises
    ------
    ValueError, TypeError
        If ``objective`` or ``penalty`` is another one, or the players share a parameter.
    """

    def __init__(
        self,
        generator: ImplicitGenerator,
        discriminator: nn.Module,
        objective: str = "non_saturating",
        penalty: float = 0.0,
    ) -> None:
        super().__init__()
        check_choice("objective", objective, GENERATOR_OBJECTIVES)
        check_weight("penalty", penalty)
        if {id(one) for one in generator.parameters()} & {id(one) for one in discriminator.parameters()}:
            raise ValueError("generator and discriminator must not share parameters: each player moves its own")
        self.generator, self.discriminator = generator, discriminator
        self.objective, self.penalty = objective, penalty

    @property
    def weights(self) -> dict[str, float]:
        """Of each term in what the players climb."""
        return {"discrimination": 1.0, "generator": 1.0, "penalty": -self.penalty / 2}

    def generate(self, n_samples: int, random_state: Seed) -> Generated:
        """A batch through which gradients reach the generator."""
        return Generated(self.generator(self.generator.draw_noise(n_samples, random_state)))

    def discriminator_terms(self, x: Float[Tensor, "batch n_features"], generated: Generated) -> dict[str, Tensor]:
        """Of the discriminator: "discrimination", and "penalty" where that has a weight; each (batch,)."""
        return self.real_and_generated_terms(x, self.discriminator(generated.x))

    def real_and_generated_terms(
        self, x: Float[Tensor, "batch n_features"], generated_logits: Float[Tensor, " batch"]
    ) -> dict[str, Tensor]:
        """:meth:`discriminator_terms` where the logits of what was generated are at hand."""
        if not self.penalty:
            return {"discrimination": discrimination(self.discriminator(x), generated_logits)}
        x = x.detach().requires_grad_()
        logits = self.discriminator(x)
        return {"discrimination": discrimination(logits, generated_logits), "penalty": gradient_penalty(logits, x)}

    def generator_terms(self, generated: Generated) -> dict[str, Tensor]:
        """Of the generator: "generator", (batch,)."""
        return {"generator": GENERATOR_OBJECTIVES[self.objective](self.discriminator(generated.x))}

    def climbed(self, terms: dict[str, Float[Tensor, " batch"]]) -> Float[Tensor, " batch"]:
        """The weighted sum of the terms, one value an example."""
        weights = self.weights
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum(dim=0)

    def sample(self, n_samples: int, random_state: Seed) -> Float[Tensor, "batch n_features"]:
        """As :meth:`ImplicitGenerator.sample`."""
        return self.generator.sample(n_samples, random_state)


def check_weight(name: str, value: object) -> None:
    """Raise unless ``value`` is a finite number of at least 0."""
    check_finite(name, value)
    if value < 0:
        raise ValueError(f"{name} must be at least 0, got {value}")


@contextmanager
def in_evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Within it ``network`` is in evaluation mode; afterwards in the one that it was in."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def check_logits(name: str, logits: object) -> None:
    """Raise unless ``logits`` is a floating-point tensor (batch,), batch at least 1, without NaN."""
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {getattr(logits, 'dtype', type(logits).__name__)}")
    if logits.ndim != 1 or len(logits) == 0:
        raise ValueError(f"{name} must have the shape (batch,), batch at least 1, got {tuple(logits.shape)}")
    if torch.isnan(logits).any():
        raise ValueError(f"{name} holds {int(torch.isnan(logits).sum())} NaN of {len(logits)} values")
