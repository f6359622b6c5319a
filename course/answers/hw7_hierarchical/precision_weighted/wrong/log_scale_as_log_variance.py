"""log_scale is read as the logarithm of the variance.

It is that of the standard deviation: precision = exp(-2 log_scale).
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid((evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, -torch.logaddexp(-prior_log_scale, -evidence_log_scale)
