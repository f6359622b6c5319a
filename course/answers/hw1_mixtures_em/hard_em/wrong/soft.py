"""The means move by soft responsibilities.

That is EM. Hard EM gives all of an example to one component.
"""


def hard_em(x, means, n_iterations):
    d, k = x.shape[1], len(means)
    bounds = []
    for _ in range(n_iterations):
        distances = (x[:, None, :] - means).square().sum(dim=2)
        nearest, assignments = distances.min(dim=1)
        bounds.append(float((-math.log(k) - d / 2 * math.log(2 * math.pi) - nearest / 2).mean()))
        shares = torch.softmax(-distances / 2, dim=1)
        means = shares.T @ x / shares.sum(dim=0)[:, None]
    return means, assignments, bounds
