"""A block of the inverse is taken for the inverse of a block.

Sigma_oo is cut out of the covariance first, and inverted then.
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]  # (k, o, o), (k, m, o)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.inv(covariances)[:, o][:, :, o] @ differences
        distances = (differences * solved).sum(dim=(1, 2))
        r = torch.softmax(weights.log() - 0.5 * (torch.logdet(oo) + distances), dim=0)  # (k,)
        row[missing] = r @ (means[:, missing] + (mo @ solved)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
