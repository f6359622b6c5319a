"""ln(2 pi) / 2 is in ln q and not in the prior.

Constants of p(z) and q(z|x) cancel only where both have them.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    log_prior = -0.5 * z.square().sum(dim=-1)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
