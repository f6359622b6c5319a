"""Only pixels of 1 are counted.

A pixel of 0 has a probability, too: 1 - sigmoid of the logit.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    log_likelihood = (x * torch.nn.functional.logsigmoid(logits)).sum(dim=-1)
    log_prior = -0.5 * (z.square() + LN_2PI).sum(dim=-1)
    log_q = (-0.5 * (noise.square() + LN_2PI) - log_scale).sum(dim=-1)
    return log_likelihood + log_prior - log_q
