"""A small number is added to the slope.

It hides the slope far out: logsigmoid.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.log(torch.sigmoid(a) * (1 - torch.sigmoid(a)) + 1e-12)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
