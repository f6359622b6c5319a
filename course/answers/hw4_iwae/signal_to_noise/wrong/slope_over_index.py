"""The slope is against the position in the list, not against K.

u is ln of the numbers of samples.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.arange(len(draws), dtype=draws.dtype)[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
