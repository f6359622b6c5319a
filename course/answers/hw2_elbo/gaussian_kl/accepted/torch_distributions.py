"""With torch.distributions."""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    q = torch.distributions.Normal(mean, log_scale.exp().clamp_min(torch.finfo(mean.dtype).tiny))
    exact = torch.distributions.kl_divergence(q, torch.distributions.Normal(prior_mean, prior_log_scale.exp()))
    narrow = log_scale < -80  # where the scale itself is 0 as a number
    direct = prior_log_scale - log_scale - 0.5 + 0.5 * ((mean - prior_mean) / prior_log_scale.exp()) ** 2
    return torch.where(narrow, direct, exact).sum(-1)
