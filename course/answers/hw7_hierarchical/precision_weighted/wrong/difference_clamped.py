"""The difference of the log precisions is clamped, to be safe.

A sigmoid is safe for every number. Clamped at 20, an opinion that is surer by any amount never has more than the weight
that belongs to 20.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    weight = torch.sigmoid((2 * (evidence_log_scale - prior_log_scale)).clamp(-20, 20))
    mean = weight * prior_mean + (1 - weight) * evidence_mean
    return mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
