"""Both forms of the slope are computed, and torch.where takes the finite one.

The gradient of the other one, infinite there, comes through where as 0 times infinity, NaN.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.where(a > 0, -a - 2 * torch.log1p(torch.exp(-a)), a - 2 * torch.log1p(torch.exp(a)))
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
