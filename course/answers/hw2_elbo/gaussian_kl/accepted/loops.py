"""Loops over examples and dimensions."""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    values = []
    for means, logs in zip(mean, log_scale):
        value = 0.0
        for m, s, c, t in zip(means, logs, prior_mean, prior_log_scale):
            value = value + t - s - 0.5 + (torch.exp(2 * s) + (m - c) ** 2) / (2 * torch.exp(2 * t))
        values.append(value)
    return torch.stack(values)
