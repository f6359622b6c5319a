"""The regression through the precision matrix, in float64."""


def impute_missing(x, weights, means, covariances):
    dtype = x.dtype
    x, weights, means, covariances = x.double(), weights.double(), means.double(), covariances.double()
    precisions = torch.linalg.inv(covariances)
    rows, shares = [], []
    for row in x:
        m = row.isnan()
        difference = torch.where(m, torch.zeros_like(means), row - means)
        pull = (precisions[:, m] * difference[:, None, :]).sum(dim=2)
        expectations = means[:, m] - torch.linalg.solve(precisions[:, m][:, :, m], pull[:, :, None])[:, :, 0]
        oo = covariances[:, ~m][:, :, ~m]
        factors = torch.linalg.cholesky(oo)
        whitened = torch.linalg.solve_triangular(factors, difference[:, ~m, None], upper=False)
        terms = weights.log() - factors.diagonal(dim1=1, dim2=2).log().sum(1) - 0.5 * whitened.square().sum((1, 2))
        r = (terms - terms.logsumexp(0)).exp()
        full = row.clone()
        full[m] = torch.einsum("k,km->m", r, expectations)
        rows.append(full)
        shares.append(r)
    return torch.stack(rows).to(dtype), torch.stack(shares).to(dtype)
