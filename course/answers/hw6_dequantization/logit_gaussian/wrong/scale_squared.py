"""The scale is squared.

exp(log_scale) is a standard deviation already.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + (2 * log_scale).exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
