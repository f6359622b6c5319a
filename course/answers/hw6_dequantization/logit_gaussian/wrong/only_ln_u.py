"""ln(1 - u) is missing from the slope.

du/da = u (1 - u).
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
