"""The absolute values are averaged.

The signal is the absolute value of the mean: draws of both signs cancel.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.abs().mean(dim=1) / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
