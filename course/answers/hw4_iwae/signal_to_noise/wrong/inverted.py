"""Noise is divided by signal.

Signal to noise: |mean| / standard deviation.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.std(dim=1) / draws.mean(dim=1).abs()
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
