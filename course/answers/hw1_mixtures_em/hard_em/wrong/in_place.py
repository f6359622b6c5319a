"""The starting means are written to.

means[z] = ... changes what the caller passed: clone it first.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
        for z in range(k):
            if (assignments == z).any():
                means[z] = x[assignments == z].mean(dim=0)
    return means, assignments, bounds
