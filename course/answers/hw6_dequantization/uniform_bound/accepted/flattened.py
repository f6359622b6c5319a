"""All noises and examples in one batch, the log-Jacobian at the end."""


def uniform_bound(x, noise, model, n_levels):
    n_samples, batch, n_features = noise.shape
    y = (x[None] + noise).reshape(n_samples * batch, n_features)
    log_p = log_density(y / n_levels, model).reshape(n_samples, batch)
    return log_p.sum(dim=0) / n_samples - n_features * math.log(n_levels)
