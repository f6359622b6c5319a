"""The components' expectations are averaged without weights.

Average with the responsibilities.
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
        row[missing] = (means[:, missing] + (mo @ solved)[:, :, 0]).mean(dim=0)
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
