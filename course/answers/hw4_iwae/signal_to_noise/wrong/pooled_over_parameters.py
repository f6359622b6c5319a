"""One ratio for all parameters together.

Each parameter has its own.
"""


def signal_to_noise(draws, n_samples):
    ratios = (draws.mean(dim=(1, 2)).abs() / draws.std(dim=(1, 2)))[:, None].expand(len(draws), draws.shape[2])
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
