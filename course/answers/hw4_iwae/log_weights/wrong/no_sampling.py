"""The mean of q is decoded, the noise is not used.

Each sample needs its own z = mean + scale noise. Without it all K weights are the same.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean.expand(noise.shape)
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = -(0.5 * LN_2PI + log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
