"""The mean is changed in place.

Operators like += write into the tensor itself.
"""


def logit_gaussian(mean, log_scale, noise):
    scaled = log_scale.exp() * noise
    mean += scaled[0]
    a = mean - scaled[0] + scaled
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
