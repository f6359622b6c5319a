"""The sum of squared distances is recorded, as k-means libraries do.

The hard ELBO is the mean of ln p(x, z): a logarithm of a density, and it rises.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float(nearest.sum()))
        means = torch.stack(
            [x[assignments == z].mean(dim=0) if (assignments == z).any() else means[z] for z in range(k)]
        )
    return means, assignments, bounds
