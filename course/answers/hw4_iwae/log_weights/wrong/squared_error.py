"""The squared error of the probabilities stands for the log-likelihood.

Pixels are Bernoulli: x ln p + (1 - x) ln(1 - p), by way of the logits.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    probabilities = torch.sigmoid(z @ W.T + b)
    log_likelihood = -0.5 * (x - probabilities).square().sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
