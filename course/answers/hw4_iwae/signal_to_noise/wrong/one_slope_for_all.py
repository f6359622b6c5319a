"""One slope for all parameters.

Each parameter has its own line.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    slopes = (u * v).sum(dim=0) / u.square().sum()
    return ratios, slopes.mean().expand(slopes.shape)
