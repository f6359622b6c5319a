"""The three sums apart."""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    precision = (-2 * prior_log_scale).exp()
    spread = torch.einsum("nl,l->n", (2 * log_scale).exp(), precision)
    distance = torch.einsum("nl,l->n", (mean - prior_mean) ** 2, precision)
    return 0.5 * (spread + distance - mean.shape[1]) - log_scale.sum(dim=1) + prior_log_scale.sum()
