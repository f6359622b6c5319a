"""The responsibilities are computed with zeros in the place of NaN.

They believe values that nobody measured. Use the observed coordinates only.
"""


def impute_missing(x, weights, means, covariances):
    completed, responsibilities = x.clone(), []
    for row, missing in zip(completed, x.isnan()):
        o = ~missing
        oo, mo = covariances[:, o][:, :, o], covariances[:, missing][:, :, o]  # (k, o, o), (k, m, o)
        differences = (row[o] - means[:, o])[:, :, None]  # (k, o, 1)
        solved = torch.linalg.solve(oo, differences)  # (k, o, 1)
        distances = (differences * solved).sum(dim=(1, 2))
        filled = torch.where(missing, torch.zeros_like(row), row)
        r = torch.softmax(weights.log() + torch.distributions.MultivariateNormal(means, covariances).log_prob(filled), dim=0)
        row[missing] = r @ (means[:, missing] + (mo @ solved)[:, :, 0])
        responsibilities.append(r)
    return completed, torch.stack(responsibilities)
