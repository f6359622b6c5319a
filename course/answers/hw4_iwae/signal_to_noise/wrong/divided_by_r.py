"""The variance is divided by R.

The text divides by R - 1: unbiased=True, PyTorch's default.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1, unbiased=False)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
