"""By the effective sample size."""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z, k = mean + torch.exp(log_scale) * noise, len(noise)
    naive = -((x - noise) ** 2).sum(dim=2) / (2 * noise_scale**2)
    importance = ((noise**2 - z**2) / 2 - (x - z) ** 2 / (2 * noise_scale**2)).sum(dim=2)
    sizes = [1 / torch.softmax(log_w, dim=0).square().sum(dim=0) for log_w in (naive, importance)]
    return k / sizes[0] - 1, k / sizes[1] - 1
