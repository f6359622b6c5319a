"""The line has no intercept.

Take the means off both logarithms.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    return ratios, (u * ratios.log()).sum(dim=0) / u.square().sum()
