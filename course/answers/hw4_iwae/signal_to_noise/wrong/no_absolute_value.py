"""The mean keeps its sign.

The signal is |mean|: a gradient that points down surely is a signal, too.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1) / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.abs().log() - ratios.abs().log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
