"""The densities are computed as numbers.

exp(-1386) is 0 as a number. torch.logsumexp stays with logarithms.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).exp().mean(dim=0).log()
