"""expm1 and einsum."""


def gaussian_kl(mean, log_scale):
    return 0.5 * (torch.einsum("nl,nl->n", mean, mean) + torch.expm1(2 * log_scale).sum(dim=1)) - log_scale.sum(dim=1)
