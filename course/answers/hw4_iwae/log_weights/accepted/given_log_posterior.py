"""With log_posterior of section 0, and softplus with its sign."""


def log_weights(x, W, b, mean, log_scale, noise):
    z = mean + log_scale.exp() * noise
    logits = z @ W.T + b
    log_likelihood = -torch.nn.functional.softplus((1 - 2 * x) * logits).sum(dim=-1)
    standard = torch.zeros_like(mean)
    return log_likelihood + log_posterior(z, standard, standard) - log_posterior(z, mean, log_scale)
