"""u is clipped away from 0 and 1.

ln q can be computed without it: logsigmoid.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a).clamp(1e-6, 1 - 1e-6), (log_gaussian - log_slope).sum(dim=-1)
