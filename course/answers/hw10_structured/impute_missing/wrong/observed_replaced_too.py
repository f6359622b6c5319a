"""Observed values are replaced by the components' means as well.

What was observed stays as it is.
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
        row[o] = r @ means[:, o]
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
