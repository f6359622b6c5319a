"""Minus ln q comes back, as for the entropy.

ln q itself.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_slope - log_gaussian).sum(dim=-1)
