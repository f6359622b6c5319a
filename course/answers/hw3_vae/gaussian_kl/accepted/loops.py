"""A loop over images and latent dimensions."""


def gaussian_kl(mean, log_scale):
    values = []
    for m, s in zip(mean, log_scale):
        values.append(sum((torch.exp(s[i]) ** 2 + m[i] ** 2 - 1) / 2 - s[i] for i in range(len(m))))
    return torch.stack(values)
