"""The sigmoid is computed as e^a / (1 + e^a).

e^a is infinite for large a, and infinity by infinity is NaN: torch.sigmoid.
"""


def logit_gaussian(mean, log_scale, noise):
    a = -(mean + log_scale.exp() * noise)
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return 1 - a.exp() / (1 + a.exp()), (log_gaussian - log_slope).sum(dim=-1)
