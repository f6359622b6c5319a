"""Word alignment: which word of a sentence each word of its translation comes from, as a latent variable."""

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

__all__ = ["IBMModel1", "Model1Posterior", "SentencePairs", "Vocabulary"]
