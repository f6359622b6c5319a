"""The mean is the plain mean of both.

It is weighted by the precisions.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = (prior_mean + evidence_mean) / 2
    return mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
