"""The mean is safe, but the log_scale is that of a precision that overflowed.

torch.logaddexp adds two precisions that are given by their logarithms.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, -0.5 * ((-2 * prior_log_scale).exp() + (-2 * evidence_log_scale).exp()).log()
