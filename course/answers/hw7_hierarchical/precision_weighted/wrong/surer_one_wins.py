"""The surer opinion is taken whole.

Both count, by their precisions.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    surer = prior_log_scale <= evidence_log_scale
    return torch.where(surer, prior_mean, evidence_mean), torch.minimum(prior_log_scale, evidence_log_scale)
