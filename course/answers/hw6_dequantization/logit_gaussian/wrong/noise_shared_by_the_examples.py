"""All examples use the noise of the first.

noise[k, i] belongs to example i.
"""


def logit_gaussian(mean, log_scale, noise):
    noise = noise[:, :1].expand(noise.shape)
    a = mean + log_scale.exp() * noise
    log_gaussian = -0.5 * (noise.square() + LN_2PI) - log_scale
    log_slope = torch.nn.functional.logsigmoid(a) + torch.nn.functional.logsigmoid(-a)
    return torch.sigmoid(a), (log_gaussian - log_slope).sum(dim=-1)
