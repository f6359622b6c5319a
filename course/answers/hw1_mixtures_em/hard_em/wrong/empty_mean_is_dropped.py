"""A mean without points is dropped.

The number of components stays: so that shapes, and ln k, do.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
        means = torch.stack([x[assignments == z].mean(dim=0) for z in range(len(means)) if (assignments == z).any()])
    return means, assignments, bounds
