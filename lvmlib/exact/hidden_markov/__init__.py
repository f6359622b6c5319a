"""Hidden Markov models: exact inference in a chain of states, and models with Gaussian, categorical and Poisson emissions."""

from lvmlib.exact.hidden_markov.categorical_hmm import CategoricalHMM
from lvmlib.exact.hidden_markov.gaussian_hmm import GaussianHMM
from lvmlib.exact.hidden_markov.hidden_markov_model import HiddenMarkovModel
from lvmlib.exact.hidden_markov.inference import Smoothed, forward_backward, log_marginal
from lvmlib.exact.hidden_markov.most_probable_path import viterbi
from lvmlib.exact.hidden_markov.paths import log_joint_of_path, sample_paths
from lvmlib.exact.hidden_markov.poisson_hmm import PoissonHMM
from lvmlib.exact.hidden_markov.posterior import ChainPosterior
from lvmlib.exact.hidden_markov.prediction import log_predictive, next_state
from lvmlib.exact.hidden_markov.sequences import Sequences

__all__ = [
    "CategoricalHMM",
    "ChainPosterior",
    "GaussianHMM",
    "HiddenMarkovModel",
    "PoissonHMM",
    "Sequences",
    "Smoothed",
    "forward_backward",
    "log_joint_of_path",
    "log_marginal",
    "log_predictive",
    "next_state",
    "sample_paths",
    "viterbi",
]
