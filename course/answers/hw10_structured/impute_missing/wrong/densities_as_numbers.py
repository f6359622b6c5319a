"""The densities are computed as numbers.

Far from all means they are 0, and 0 / 0 is NaN: softmax of logarithms.
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]  # (k, o, o), (k, m, o)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.solve(oo, differences)  # (k, o, 1)
        distances = (differences * solved).sum(dim=(1, 2))
        joint = weights * torch.exp(-0.5 * (torch.logdet(oo) + distances))
        r = joint / joint.sum()
        row[missing] = r @ (means[:, missing] + (mo @ solved)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
