"""Samples and examples are flattened and unflattened in different orders.

noise has the samples first: a reshape back must be (K, batch), or rows belong to other images.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    K, batch, n_z = noise.shape
    z = (mean + log_scale.exp() * noise).reshape(K * batch, n_z)
    repeated = x.repeat_interleave(K, dim=0)
    logits = z @ W.T + b
    log_likelihood = (repeated * logits - torch.nn.functional.softplus(logits)).sum(dim=-1).reshape(K, batch)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1).reshape(K, batch)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
