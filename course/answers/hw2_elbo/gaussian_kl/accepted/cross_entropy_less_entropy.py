"""The cross-entropy less the entropy, in float64 inside."""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    m, s, c, t = (part.double() for part in (mean, log_scale, prior_mean, prior_log_scale))
    cross = t + 0.5 * math.log(2 * math.pi) + 0.5 * (torch.exp(2 * (s - t)) + ((m - c) * torch.exp(-t)) ** 2)
    entropy = s + 0.5 * math.log(2 * math.pi * math.e)
    return (cross - entropy).sum(dim=1).to(mean.dtype)
