"""The slope is that of ln K against ln SNR.

The denominator is the sum of squares of ln K, without its mean.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / (v.square().sum(dim=0) + 1e-12)
