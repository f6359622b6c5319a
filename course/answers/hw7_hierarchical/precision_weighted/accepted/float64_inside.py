"""In float64 the precisions do not overflow."""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    one, other = torch.exp(-2 * prior_log_scale.double()), torch.exp(-2 * evidence_log_scale.double())
    mean = (one * prior_mean.double() + other * evidence_mean.double()) / (one + other)
    return mean.to(prior_mean.dtype), (-0.5 * torch.log(one + other)).to(prior_mean.dtype)
