"""The noise is scaled and shifted in place: the caller's tensor is changed.

Methods that end in an underscore write into the tensor itself.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    start = noise.clone()
    z = noise.mul_(log_scale.exp()).add_(mean)
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = (-0.5 * (start.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
