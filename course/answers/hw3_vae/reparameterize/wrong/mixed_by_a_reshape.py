"""A reshape mixes the axes of samples and images.

repeat_interleave puts an image's copies next to each other, as (n, n_samples, l), which is not the order of
(n_samples, n, l).
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    means = mean.repeat_interleave(n_samples, dim=0).reshape(noise.shape)
    scales = log_scale.exp().repeat_interleave(n_samples, dim=0).reshape(noise.shape)
    return means + scales * noise
