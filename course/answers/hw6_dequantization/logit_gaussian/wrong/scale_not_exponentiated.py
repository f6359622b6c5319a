"""log_scale stands for the scale.

The scale is exp(log_scale).
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
