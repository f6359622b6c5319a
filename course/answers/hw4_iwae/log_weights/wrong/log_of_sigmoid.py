"""The logarithm of a sigmoid is taken, which is minus infinity for large logits.

sigmoid(800) is 1, and ln(1 - 1) is minus infinity. Stay with the logits: x l - softplus(l).
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    p = torch.sigmoid(z @ W.T + b)
    log_likelihood = torch.where(x > 0, p.log(), (1 - p).log()).sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
