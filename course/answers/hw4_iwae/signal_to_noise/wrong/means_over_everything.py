"""The mean of all ln SNR is taken off, not each parameter's own, and u keeps its mean.

Each line has its own intercept.
"""


def signal_to_noise(draws, n_samples):
    ratios = draws.mean(dim=1).abs() / draws.std(dim=1)
    u = torch.tensor(n_samples, dtype=draws.dtype).log()[:, None]
    v = ratios.log() - ratios.log().mean()
    return ratios, (u * v).sum(dim=0) / (u - u.mean()).square().sum()
