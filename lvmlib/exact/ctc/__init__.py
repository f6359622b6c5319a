"""Connectionist temporal classification: labels y from frames, through a latent path z with y = collapse(z).

    log_marginal = ctc_log_marginal(log_probs, targets, input_lengths, target_lengths)   # ln p(y|x), differentiable
    posterior = ctc_posterior(log_probs, targets, input_lengths, target_lengths)         # p(z|x, y)
    alignment = best_alignment(log_probs, targets, input_lengths, target_lengths)        # arg max_z p(z|x, y)
    labels = prefix_beam_search(log_probs, input_lengths, beam_width=16)                 # arg max_y p(y|x)

Graves, Fernández, Gomez & Schmidhuber, Connectionist temporal classification: labelling
unsegmented sequence data with recurrent neural networks, ICML 2006.
"""

from lvmlib.exact.ctc.alignment import CTCAlignment, best_alignment
from lvmlib.exact.ctc.codebook import CodebookCTC, LabelledCodes
from lvmlib.exact.ctc.collapse import collapse, frames_needed
from lvmlib.exact.ctc.decoding import Hypothesis, best_path, prefix_beam_search
from lvmlib.exact.ctc.label_errors import edit_distance, label_error_rate
from lvmlib.exact.ctc.marginal import ctc_log_marginal
from lvmlib.exact.ctc.posterior import CTCPosterior, ctc_posterior
from lvmlib.exact.ctc.recognizer import CTCRecognizer, LabelledFeatures, train_recognizer

__all__ = [
    "CTCAlignment",
    "CTCPosterior",
    "CTCRecognizer",
    "CodebookCTC",
    "Hypothesis",
    "LabelledCodes",
    "LabelledFeatures",
    "best_alignment",
    "best_path",
    "collapse",
    "ctc_log_marginal",
    "ctc_posterior",
    "edit_distance",
    "frames_needed",
    "label_error_rate",
    "prefix_beam_search",
    "train_recognizer",
]
