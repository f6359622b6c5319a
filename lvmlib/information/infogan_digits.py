"""InfoGAN on scikit-learn's digits, in settings that train within a minute or two on one processor core.

    data = digits()
    model = digits_infogan(random_state=0)
    train_digits_infogan(model, data.intensity, progress=True)
    code_recovery(model.recognize(data.intensity).probabilities.argmax(dim=1), data.labels).accuracy

What differs from the paper's MNIST is due to there being 1,797 images: both players see them augmented, and the
discriminator's rate is as high as the generator's, else the code settles before images look like digits.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Float
from torch import Tensor

from lvmlib.generators.adversarial_training import AdversarialResult, train_adversarial
from lvmlib.generators.augmentation import GaussianNoise, InTurn, RandomAffine
from lvmlib.information.infogan import InfoGAN, LatentCode, convolutional_infogan
from lvmlib.randomness import Seed, as_generator, drawing_from

IMAGE_SIDE = 8
CODE = LatentCode(n_categories=10, n_continuous=2)
AUGMENTATION = InTurn((RandomAffine(IMAGE_SIDE, degrees=15.0, stretch=0.15, pixels=0.7), GaussianNoise(0.15)))
N_EPOCHS = 150
SETTINGS = {"batch_size": 64, "generator_rate": 1e-3, "discriminator_rate": 1e-3, "augmentation": AUGMENTATION}


def digits_infogan(random_state: Seed = 0) -> InfoGAN:
    """A categorical code of 10 and two numbers, 32 numbers of noise; weights drawn from ``random_state``."""
    with drawing_from(as_generator(random_state)):
        return convolutional_infogan(IMAGE_SIDE, CODE, n_noise=32, n_channels=(64, 32), n_hidden=128)


def train_digits_infogan(
    model: InfoGAN, intensity: Float[Tensor, "batch 64"], n_epochs: int = N_EPOCHS, **settings: Any
) -> AdversarialResult:
    """:func:`~lvmlib.generators.adversarial_training.train_adversarial` with ``SETTINGS``; ``settings`` go before them.

    Parameters
    ----------
    intensity : (batch, 64)
        Pixels in [0, 1], as ``digits().intensity`` has them.
    """
    return train_adversarial(model, intensity, n_epochs, **(SETTINGS | settings))
