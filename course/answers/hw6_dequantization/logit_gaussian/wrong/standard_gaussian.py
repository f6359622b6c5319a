"""The Gaussian has the mean 0 and the scale 1.

q's Gaussian has the mean and scale given.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (a.square() + LN_2PI)
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
