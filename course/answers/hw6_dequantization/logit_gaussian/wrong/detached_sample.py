"""The sample is detached before its density is computed.

mean and log_scale reach ln q through a as well.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a.detach()) + torch.nn.functional.logsigmoid(-a.detach())
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
