"""In float64 inside, a list of results."""


def hard_em(x, means, n_iterations):
    dtype, y, centres, bounds = x.dtype, x.double(), means.double(), []
    n, d = x.shape
    k = centres.shape[0]
    while len(bounds) < n_iterations:
        squares = torch.einsum("nkd,nkd->nk", y[:, None] - centres, y[:, None] - centres)
        labels = squares.min(dim=1).indices
        own = y - centres[labels]
        bounds.append((-(own**2).sum() / (2 * n)).item() - math.log(k) - math.log(2 * math.pi) * d / 2)
        updated = []
        for z in range(k):
            members = y[labels == z]
            updated.append(centres[z] if len(members) == 0 else members.sum(dim=0) / members.shape[0])
        centres = torch.stack(updated)
    return [centres.to(dtype), labels.to(torch.int32), bounds]
