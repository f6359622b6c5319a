"""ln SNR is taken against log10 K.

The same logarithm on both axes.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log10()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
