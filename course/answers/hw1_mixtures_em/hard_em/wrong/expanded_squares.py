"""Distances by |x|^2 - 2 x mu + |mu|^2 in float32: wrong far from the origin.

Large numbers cancel, and their rounding errors stay. Subtract first, then square.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        y, m = x.float(), means.float()
        distances = (y.square().sum(dim=1, keepdim=True) - 2 * y @ m.T + m.square().sum(dim=1)).to(x.dtype)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
        means = torch.stack(
            [x[assignments == z].mean(dim=0) if (assignments == z).any() else means[z] for z in range(k)]
        )
    return means, assignments, bounds
