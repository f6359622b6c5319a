"""The slope is taken at u, and not at a.

du/da = sigmoid(a) (1 - sigmoid(a)).
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(torch.sigmoid(a)) + torch.nn.functional.logsigmoid(-torch.sigmoid(a))
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
