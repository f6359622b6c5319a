"""Mean and standard deviation are taken over the parameters.

The draws are in the second dimension; each parameter has its own ratio.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=2).abs() / draws.std(dim=2)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
