"""The slopes from each K to the next are averaged.

Least squares, through all points: steps between neighbours do not count alike.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    logs = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    return ratios, (ratios.log().diff(dim=0) / logs.diff(dim=0)).mean(dim=0)
