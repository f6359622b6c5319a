"""ln SNR is taken against K.

K needs its logarithm as well.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype)[:, None]
    u, v = u - u.mean(), ratios.log() - ratios.log().mean(dim=0)
    return ratios, (u * v).sum(dim=0) / u.square().sum()
