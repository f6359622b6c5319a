"""1/2 is taken off.

The noise of the bound is on [0, 1).
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a) - 0.5, (log_gaussian - log_slope).sum(dim=-1)
