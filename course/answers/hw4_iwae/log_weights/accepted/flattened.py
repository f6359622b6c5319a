"""Samples and examples flattened together, in the right order."""


def log_weights(x, W, b, mean, log_scale, noise):
    K, batch, n_z = noise.shape
    z = (mean + log_scale.exp() * noise).reshape(K * batch, n_z)
    repeated = x.repeat(K, 1)
    logits = torch.nn.functional.linear(z, W, b)
    log_likelihood = -torch.nn.functional.binary_cross_entropy_with_logits(logits, repeated, reduction="none").sum(1)
    ratio = (0.5 * noise.square() + log_scale).sum(-1) - 0.5 * z.square().sum(-1).view(K, batch)
    return log_likelihood.view(K, batch) + ratio
