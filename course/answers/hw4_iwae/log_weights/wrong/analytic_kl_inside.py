"""The analytic KL stands where the sampled ln p(z) - ln q(z|x) should.

The KL is the mean of that difference over q. In a weight the difference itself is needed, sample by sample.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    kl = 0.5 * (mean.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(dim=-1)
    return log_likelihood - kl
