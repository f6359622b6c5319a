"""One stacked tensor comes back.

Two tensors, side by side.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return torch.cat([mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)], dim=-1)
