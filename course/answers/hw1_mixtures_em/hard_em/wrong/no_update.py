"""The means do not move.

After the assignments, each mean moves to the average of its points.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
    return means, assignments, bounds
