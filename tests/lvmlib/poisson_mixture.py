"""A model just large enough to try the EM loop on: counts of days, each day of one of several rates."""

import torch

from lvmlib.em import ExponentialFamilyModel, Statistics
from lvmlib.exact.finite import FinitePosterior

# Notices of deaths of women over 80 in The Times of London, 1910-1912: days with 0, 1, ... 9 of them
# (Hasselblad, JASA 64, 1969; the slow example of Varadhan & Roland, 2008).
DAYS = torch.tensor([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])
NOTICES = torch.repeat_interleave(torch.arange(10), DAYS).double()[:, None]


class PoissonMixture(ExponentialFamilyModel):
    """p(x) = Σ_k π_k Poisson(x; λ_k); with ``shape`` and ``rate`` a Gamma prior on each λ_k."""

    def __init__(self, weights=(0.4, 0.6), rates=(0.9, 2.2), shape=1.0, rate=0.0):
        self.start = torch.tensor(weights).double(), torch.tensor(rates).double()
        self.shape, self.rate = shape, rate
        self.weights_, self.rates_ = self.start

    def initialize(self, x, generator):
        self.weights_, self.rates_ = self.start

    def e_step(self, x):
        log_likelihood = x * self.rates_.log() - self.rates_ - torch.lgamma(x + 1)
        return FinitePosterior.exact(self.weights_.log() + log_likelihood)

    def statistics(self, x, posterior):
        responsibilities = posterior.responsibilities
        return Statistics.of(posterior.elbo(), counts=responsibilities.sum(dim=0), sums=responsibilities.T @ x[:, 0])

    def maximize(self, statistics):
        counts, sums = statistics.values["counts"], statistics.values["sums"]
        self.weights_ = counts / counts.sum()
        self.rates_ = (sums + self.shape - 1) / (counts + self.rate)
        return 0.0

    def log_prior(self):
        return float(((self.shape - 1) * self.rates_.log() - self.rate * self.rates_).sum())

    def parameter_vector(self):
        return torch.cat([self.weights_.log(), self.rates_.log()])

    def set_parameter_vector(self, vector):
        logits, log_rates = vector.chunk(2)
        self.weights_, self.rates_ = logits.softmax(dim=0), log_rates.exp()
