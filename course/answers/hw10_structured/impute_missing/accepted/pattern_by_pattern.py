"""Rows with the same pattern are done together."""


def impute_missing(x, weights, means, covariances):
    completed = x.clone()
    responsibilities = x.new_empty(len(x), len(weights))
    patterns, which = x.isnan().unique(dim=0, return_inverse=True)
    for p, m in enumerate(patterns):
        rows = (which == p).nonzero()[:, 0]
        differences = x[rows][:, None, ~m] - means[:, ~m]  # (rows, k, o)
        inverse = torch.linalg.inv(covariances[:, ~m][:, :, ~m])
        solved = torch.einsum("koq,nkq->nko", inverse, differences)
        terms = weights.log() + 0.5 * torch.logdet(inverse) - 0.5 * (solved * differences).sum(-1)
        responsibilities[rows] = torch.softmax(terms, dim=-1)
        expected = means[:, m] + torch.einsum("kmo,nko->nkm", covariances[:, m][:, :, ~m], solved)
        filled = x[rows]
        filled[:, m] = (responsibilities[rows][:, :, None] * expected).sum(dim=1)
        completed[rows] = filled
    return completed, responsibilities
