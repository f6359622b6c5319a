"""The Gaussian's density is taken at u.

It is one of a: at a = logit(u).
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    u = torch.sigmoid(a)
    log_gaussian = -0.5 * (((u - mean) / log_scale.exp()).square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
