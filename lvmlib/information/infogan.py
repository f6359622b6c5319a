"""InfoGAN: part of a generator's noise is a code c, and how much of it can be read off x = G(z, c) is climbed too.

    I(c; G(z, c)) >= E_{c, z}[ln Q(c|G(z, c))] + H(c),

the bound of Barber and Agakov, with Q a network on the discriminator's trunk (Chen et al. 2016, equation (5)). The bound
is tight where Q(c|x) = p(c|x), and never above H(c) for a categorical c.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.adversarial import (
    GAN,
    GENERATOR_OBJECTIVES,
    Generated,
    ImplicitGenerator,
    check_weight,
    in_evaluation_mode,
)
from lvmlib.generators.adversarial_networks import Discriminator, convolutional_discriminator, convolutional_generator
from lvmlib.information.conditional_bounds import barber_agakov
from lvmlib.networks import perceptron
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import as_data, check_count

LOG_SCALE_LIMITS = (-3.0, 1.0)
"""Of Q's Gaussians: a code that is read off without error would otherwise be worth as many nats as one likes."""


@dataclass(frozen=True)
class LatentCode:
    """p(c): one categorical variable, all its values equally probable, and numbers uniform on [-1, 1], all independent.

    As a tensor (..., n_code) a code is the category as 0 and 1, then the numbers.
    """

    n_categories: int = 10
    n_continuous: int = 0

    def __post_init__(self) -> None:
        check_count("n_categories", self.n_categories)
        if self.n_categories < 2:
            raise ValueError(f"n_categories must be at least 2, got {self.n_categories}: one category tells nothing")
        if isinstance(self.n_continuous, bool) or not isinstance(self.n_continuous, int) or self.n_continuous < 0:
            raise ValueError(f"n_continuous must be a whole number of at least 0, got {self.n_continuous!r}")

    @property
    def n_code(self) -> int:
        """Numbers in a code."""
        return self.n_categories + self.n_continuous

    @property
    def entropy(self) -> float:
        """H(c) = ln n_categories + n_continuous ln 2, nats; of the numbers it is the differential entropy."""
        return math.log(self.n_categories) + self.n_continuous * math.log(2)

    def sample(self, n_samples: int, random_state: Seed, like: Tensor) -> Float[Tensor, "batch n_code"]:
        """Codes on the device and of the dtype of ``like``."""
        generator = as_generator(random_state, like.device)
        categories = torch.randint(self.n_categories, (n_samples,), generator=generator, device=like.device)
        numbers = torch.rand(n_samples, self.n_continuous, generator=generator, dtype=like.dtype, device=like.device)
        return self.encode(categories, 2 * numbers - 1)

    def encode(
        self, categories: Int[Tensor, " batch"], numbers: Float[Tensor, "batch n_continuous"]
    ) -> Float[Tensor, "batch n_code"]:
        """The code of these categories and numbers.

        Raises
        ------
        ValueError
            If a category is none of 0 .. n_categories - 1, or there are not n_continuous numbers for each.
        """
        if numbers.shape != (len(categories), self.n_continuous):
            raise ValueError(f"numbers must have the shape {(len(categories), self.n_continuous)}, got {tuple(numbers.shape)}")
        if ((categories < 0) | (categories >= self.n_categories)).any():
            raise ValueError(f"categories must be 0 .. {self.n_categories - 1}, got {categories.min()} to {categories.max()}")
        return torch.cat([one_hot(categories, self.n_categories).to(numbers.dtype), numbers], dim=-1)


class CodePosterior:
    """Q(c|x): a categorical distribution of the category, independent Gaussians of the numbers."""

    def __init__(self, logits: Float[Tensor, "*batch n_categories"], numbers: DiagonalGaussian | None) -> None:
        self.logits, self.numbers = logits, numbers

    @property
    def probabilities(self) -> Float[Tensor, "*batch n_categories"]:
        return self.logits.softmax(dim=-1)

    def log_prob_category(self, code: Float[Tensor, "*batch n_code"]) -> Float[Tensor, "*batch"]:
        """ln Q of the category alone, nats."""
        n_categories = self.logits.shape[-1]
        return (code[..., :n_categories] * self.logits.log_softmax(dim=-1)).sum(dim=-1)

    def log_prob_numbers(self, code: Float[Tensor, "*batch n_code"]) -> Float[Tensor, "*batch"]:
        """ln Q of the numbers alone, nats; 0 where there are none."""
        if self.numbers is None:
            return torch.zeros_like(self.logits[..., 0])
        return self.numbers.log_prob(code[..., self.logits.shape[-1] :])

    def log_prob(self, code: Float[Tensor, "*batch n_code"]) -> Float[Tensor, "*batch"]:
        """ln Q(c|x), nats."""
        return self.log_prob_category(code) + self.log_prob_numbers(code)


class RecognizingDiscriminator(nn.Module):
    """A discriminator, and on its trunk a perceptron that returns Q(c|x)."""

    def __init__(self, discriminator: Discriminator, code: LatentCode, n_hidden: int = 64) -> None:
        super().__init__()
        self.discriminator, self.code = discriminator, code
        n_out = code.n_categories + 2 * code.n_continuous
        self.recognizer = perceptron(discriminator.n_hidden, [n_hidden], n_out, "relu")

    def forward(self, x: Float[Tensor, "batch n_features"]) -> Float[Tensor, " batch"]:
        """Logits of D(x)."""
        return self.discriminator(x)

    def recognize(self, x: Float[Tensor, "batch n_features"]) -> CodePosterior:
        """Q(c|x)."""
        return self._posterior(self.discriminator.trunk(x))

    def judge_and_recognize(self, x: Float[Tensor, "batch n_features"]) -> tuple[Float[Tensor, " batch"], CodePosterior]:
        """Logits of D(x) and Q(c|x), the trunk run once."""
        hidden = self.discriminator.trunk(x)
        return self.discriminator.judge(hidden), self._posterior(hidden)

    def _posterior(self, hidden: Tensor) -> CodePosterior:
        logits, parameters = self.recognizer(hidden).tensor_split([self.code.n_categories], dim=-1)
        if not self.code.n_continuous:
            return CodePosterior(logits, None)
        mean, log_scale = parameters.chunk(2, dim=-1)
        return CodePosterior(logits, DiagonalGaussian(mean, log_scale.clamp(*LOG_SCALE_LIMITS)))


class InfoGAN(GAN):
    """A game in which both players climb the bound on I(c; x) too, λ times: the generator by writing, Q by reading.

    Parameters
    ----------
    generator
        Its network takes (batch, n_noise + n_code), the noise z and then the code c.
    discriminator
        With the recognizer Q, which belongs to this player: its trunk learns from both tasks.
    category_weight, number_weight
        λ of the categorical code and of the numbers: the first 1 in the paper, the second so small that it is of the
        scale of the others.
    objective, penalty
        As :class:`~lvmlib.generators.adversarial.GAN`.

    Raises
    ------
    ValueError, TypeError
        As :class:`~lvmlib.generators.adversarial.GAN`; if a weight is not a number of at least 0.

    References
    ----------
    Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel, InfoGAN: interpretable representation learning by information
    maximizing generative adversarial nets, 2016, equation (6).
    """

    def __init__(
        self,
        generator: ImplicitGenerator,
        discriminator: RecognizingDiscriminator,
        category_weight: float = 1.0,
        number_weight: float = 0.1,
        objective: str = "non_saturating",
        penalty: float = 0.0,
    ) -> None:
        super().__init__(generator, discriminator, objective, penalty)
        check_weight("category_weight", category_weight)
        check_weight("number_weight", number_weight)
        self.category_weight, self.number_weight = category_weight, number_weight
        self.code = discriminator.code

    @property
    def weights(self) -> dict[str, float]:
        return super().weights | {"category": self.category_weight, "numbers": self.number_weight}

    def generate(self, n_samples: int, random_state: Seed) -> Generated:
        stream = as_generator(random_state, next(self.parameters()).device)
        noise = self.generator.draw_noise(n_samples, stream)
        code = self.code.sample(n_samples, stream, noise)
        return Generated(self.generator(torch.cat([noise, code], dim=-1)), code)

    def discriminator_terms(self, x: Float[Tensor, "batch n_features"], generated: Generated) -> dict[str, Tensor]:
        """Of the discriminator with Q: "discrimination", "category", and "penalty" and "numbers" where there are any."""
        logits, posterior = self.discriminator.judge_and_recognize(generated.x)
        return self.real_and_generated_terms(x, logits) | self.information_terms(posterior, generated.code)

    def generator_terms(self, generated: Generated) -> dict[str, Tensor]:
        """Of the generator: "generator", "category", and "numbers" where there are any; each (batch,)."""
        logits, posterior = self.discriminator.judge_and_recognize(generated.x)
        return {"generator": GENERATOR_OBJECTIVES[self.objective](logits)} | self.information_terms(posterior, generated.code)

    def information_terms(self, posterior: CodePosterior, code: Float[Tensor, "batch n_code"]) -> dict[str, Tensor]:
        """The bound on I(c; x) of each part of the code, ln Q(c|x) + H(c), each (batch,), nats; their sum is the whole's."""
        log_category = posterior.log_prob_category(code)
        terms = {"category": barber_agakov(log_category, math.log(self.code.n_categories)).values}
        if self.code.n_continuous:
            entropy = self.code.n_continuous * math.log(2)
            terms["numbers"] = barber_agakov(posterior.log_prob_numbers(code), entropy).values
        return terms

    @torch.no_grad()
    def information_by_part(self, n_samples: int, random_state: Seed) -> dict[str, Float[Tensor, " batch"]]:
        """ln Q(c|G(z, c)) + H(c) of each part of the code, for so many fresh draws, in evaluation mode, nats."""
        check_count("n_samples", n_samples)
        with in_evaluation_mode(self):
            generated = self.generate(n_samples, random_state)
            return self.information_terms(self.discriminator.recognize(generated.x), generated.code)

    def information(self, n_samples: int, random_state: Seed) -> Float[Tensor, " batch"]:
        """The sum of :meth:`information_by_part`: its mean is the bound on I(c; x)."""
        return torch.stack(list(self.information_by_part(n_samples, random_state).values())).sum(dim=0)

    @torch.no_grad()
    def recognize(self, x: object) -> CodePosterior:
        """Q(c|x) of real or generated examples, x (batch, n_features)."""
        with in_evaluation_mode(self):
            return self.discriminator.recognize(as_data(x))

    def sample(self, n_samples: int, random_state: Seed) -> Float[Tensor, "batch n_features"]:
        """Examples of p(x), noise and code drawn; without gradient, in evaluation mode."""
        check_count("n_samples", n_samples)
        generator = as_generator(random_state, next(self.parameters()).device)
        noise = self.generator.draw_noise(n_samples, generator)
        return self.generator.evaluate(torch.cat([noise, self.code.sample(n_samples, generator, noise)], dim=-1))

    def traverse_categories(self, n_noise: int, random_state: Seed) -> Float[Tensor, "n_categories n_noise n_features"]:
        """Each category with the same ``n_noise`` draws of all else: numbers at 0, without gradient, in evaluation mode."""
        check_count("n_noise", n_noise)
        noise = self.generator.draw_noise(n_noise, random_state)
        categories = torch.arange(self.code.n_categories, device=noise.device).repeat_interleave(n_noise)
        code = self.code.encode(categories, noise.new_zeros(len(categories), self.code.n_continuous))
        x = self.generator.evaluate(torch.cat([noise.repeat(self.code.n_categories, 1), code], dim=-1))
        return x.unflatten(0, (self.code.n_categories, n_noise))


def convolutional_infogan(
    image_side: int,
    code: LatentCode = LatentCode(),  # noqa: B008
    n_noise: int = 32,
    n_channels: tuple[int, ...] = (32, 16),
    n_hidden: int = 128,
    **settings: float | str,
) -> InfoGAN:
    """An InfoGAN of square grey images, pixels in [0, 1]; ``settings`` are those of :class:`InfoGAN`.

    Parameters
    ----------
    n_channels
        Of the generator, from the smallest image to the largest; the discriminator has them in reverse.

    Raises
    ------
    ValueError, TypeError
        As :func:`~lvmlib.generators.adversarial_networks.convolutional_generator` and :class:`InfoGAN`.
    """
    generator = ImplicitGenerator(convolutional_generator(n_noise + code.n_code, image_side, n_channels), n_noise)
    discriminator = convolutional_discriminator(image_side, tuple(reversed(n_channels)), n_hidden)
    return InfoGAN(generator, RecognizingDiscriminator(discriminator, code), **settings)
