"""Blocks of the precision are used as if they were covariances.

The regression is Sigma_mo Sigma_oo^-1 with blocks of the covariance; with the precision P it is -P_mm^-1 P_mo, with a minus sign.
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
        precisions = torch.linalg.inv(covariances)
        slopes = precisions[:, missing][:, :, o] @ torch.linalg.inv(precisions[:, o][:, :, o])
        row[missing] = r @ (means[:, missing] + (slopes @ differences)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
