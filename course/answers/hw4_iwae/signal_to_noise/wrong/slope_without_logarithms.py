"""The slope is that of SNR against K.

Logarithms of both: a power law is a line only there.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype)[:, None]
    u, v = u - u.mean(), ratios - ratios.mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
