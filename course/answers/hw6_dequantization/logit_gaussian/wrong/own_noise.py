"""Fresh noise is drawn.

The noise is an argument, so that the result can be checked.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * torch.randn_like(noise)
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
