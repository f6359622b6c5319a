"""The sigmoid is written out as 1 / (1 + exp(-a)).

Its value is right everywhere, its gradient is not: far below 0 exp(-a) is infinite, and infinity times 0 is NaN.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return 1 / (1 + torch.exp(-a)), (log_gaussian - log_slope).sum(dim=-1)
