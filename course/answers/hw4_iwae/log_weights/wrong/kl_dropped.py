"""Only ln p(x|z) comes back: the prior and q are missing.

A weight is p(x, z) / q(z|x): the joint has the prior in it, and q is divided by.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
