"""All positions of all pairs in one long list, counted with torch.bincount in float64."""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    cells, shares = [], []
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([torch.tensor([0]), source])
        cells.append((with_null[None, :] * n_target + target[:, None]).flatten())
        shares.append(posterior.double().flatten())
    counts = torch.bincount(torch.cat(cells), torch.cat(shares), minlength=n_source * n_target).reshape(n_source, n_target)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals == 0, torch.full_like(counts, 1 / n_target), counts / totals).to(posteriors[0].dtype)
