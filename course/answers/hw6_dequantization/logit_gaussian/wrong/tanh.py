"""The sample is squashed by tanh.

The sigmoid goes from 0 to 1, tanh from -1 to 1.
"""


def logit_gaussian(mean, log_scale, noise):
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.tanh(a), (log_gaussian - log_slope).sum(dim=-1)
