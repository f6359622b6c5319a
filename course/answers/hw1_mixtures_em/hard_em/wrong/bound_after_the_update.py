"""The bound is computed for the moved means.

Record it between the two steps, for the means before they move.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        means = torch.stack(
            [x[assignments == z].mean(dim=0) if (assignments == z).any() else means[z] for z in range(k)]
        )
        nearest = (x[:, None, :] - means).square().sum(dim=2).amin(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
    return means, assignments, bounds
