"""Each opinion's share as exp of its log precision less that of the sum."""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    total = torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
    mean = (-2 * prior_log_scale - total).exp() * prior_mean + (-2 * evidence_log_scale - total).exp() * evidence_mean
    return mean, -total / 2
