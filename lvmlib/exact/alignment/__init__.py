"""Word alignment: which word of a sentence each word of its translation comes from, as a latent variable."""

from lvmlib.exact.alignment.attention import LatentAttention
from lvmlib.exact.alignment.hmm import HMMAlignment
from lvmlib.exact.alignment.hmm_posterior import HMMPosterior, PathPosterior
from lvmlib.exact.alignment.jumps import Jumps
from lvmlib.exact.alignment.links import (
    AlignmentQuality,
    alignment_error_rate,
    alignment_quality,
    exchanged,
    grow_diagonal,
    intersection,
    union,
)
from lvmlib.exact.alignment.model1 import IBMModel1, Model1Posterior
from lvmlib.exact.alignment.sentence_pairs import SentencePairs, Vocabulary

__all__ = [
    "AlignmentQuality",
    "HMMAlignment",
    "HMMPosterior",
    "IBMModel1",
    "Jumps",
    "LatentAttention",
    "Model1Posterior",
    "PathPosterior",
    "SentencePairs",
    "Vocabulary",
    "alignment_error_rate",
    "alignment_quality",
    "exchanged",
    "grow_diagonal",
    "intersection",
    "union",
]
