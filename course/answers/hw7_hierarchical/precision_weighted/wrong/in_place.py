"""The arguments are scaled in place.

Methods that end in an underscore write into the caller's tensors.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = prior_mean.mul_(share).add_((1 - share) * evidence_mean)
    return mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
