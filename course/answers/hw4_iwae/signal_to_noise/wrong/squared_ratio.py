"""The ratio is squared.

SNR is |mean| / standard deviation, as the text has it; its square is another convention.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).square() / draws.var(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
