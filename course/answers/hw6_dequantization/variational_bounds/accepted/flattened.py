"""All noises and examples in one batch."""


def variational_bounds(x, u, log_q, model, n_levels):
    n_samples, batch, n_features = u.shape
    v = ((x + u) / n_levels).flatten(0, 1)
    log_w = log_density(v, model).unflatten(0, (n_samples, batch)) - (log_q + n_features * math.log(n_levels))
    return torch.einsum("kb->b", log_w) / n_samples, (log_w - math.log(n_samples)).logsumexp(0)
