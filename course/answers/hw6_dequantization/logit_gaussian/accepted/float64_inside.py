"""Computed in float64, and cast back; the slope by the size of a."""


def logit_gaussian(mean, log_scale, noise):
    wide, log_s = mean.double(), log_scale.double()
    a = wide + log_s.exp() * noise.double()
    log_slope = -a.abs() - 2 * torch.log1p(torch.exp(-a.abs()))
    log_gaussian = -0.5 * ((a - wide) / log_s.exp()).square() - log_s - 0.5 * LN_2PI
    return torch.sigmoid(a).to(mean.dtype), (log_gaussian - log_slope).sum(-1).to(mean.dtype)
