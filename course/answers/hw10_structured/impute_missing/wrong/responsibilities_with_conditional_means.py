"""The responsibilities are computed with the imputed values filled in.

The distance is then right, but the determinant is that of all coordinates: p(x_o, E[x_m]) is not p(x_o).
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]  # (k, o, o), (k, m, o)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.solve(oo, differences)  # (k, o, 1)
        distances = (differences * solved).sum(dim=(1, 2))
        r = torch.softmax(weights.log() - 0.5 * (torch.logdet(covariances) + distances), dim=0)
        row[missing] = r @ (means[:, missing] + (mo @ solved)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
