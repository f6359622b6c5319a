"""Where the scales are far apart, the surer opinion is taken whole.

The other's weight is small there, but the formula gives it: there is no need of a case.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    weight = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = weight * prior_mean + (1 - weight) * evidence_mean
    far = (prior_log_scale - evidence_log_scale).abs() > 6
    mean = torch.where(far, torch.where(prior_log_scale < evidence_log_scale, prior_mean, evidence_mean), mean)
    return mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
