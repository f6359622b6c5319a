"""The Gaussian's density is that of the noise: - ln scale is missing.

a is scale times as wide as the noise: - ln scale for each feature.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) + 0 * log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
