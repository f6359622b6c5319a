"""The average covariance is used for the regression.

Each component has its own.
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]
        pooled = torch.einsum('k,kij->ij', weights, covariances)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.solve(oo, differences)  # (k, o, 1)
        distances = (differences * solved).sum(dim=(1, 2))
        r = torch.softmax(weights.log() - 0.5 * (torch.logdet(oo) + distances), dim=0)  # (k,)
        slope = pooled[missing][:, o] @ torch.linalg.inv(pooled[o][:, o])
        row[missing] = r @ (means[:, missing] + (slope @ differences)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
