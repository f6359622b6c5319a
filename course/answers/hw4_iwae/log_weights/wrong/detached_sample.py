"""The sample is cut off from mean and log_scale.

Gradients must flow through the sample to the encoder: that is what reparameterization is for.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = (mean + log_scale.exp() * noise).detach()
    logits = z @ W.T + b
    log_likelihood = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = -0.5 * (((z - mean) / log_scale.exp()).square() + LN_2PI + 2 * log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
