"""torch.addcmul, noise drawn in another order of axes."""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.empty(*mean.shape, n_samples, dtype=mean.dtype).normal_().permute(2, 0, 1)
    return torch.addcmul(mean[None], log_scale.exp()[None], noise)
