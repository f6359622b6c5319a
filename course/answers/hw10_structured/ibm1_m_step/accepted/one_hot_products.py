"""The counts of a pair as a product of matrices: one-hot sources, shares, one-hot targets."""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = 0
    for (source, target), posterior in zip(pairs, posteriors):
        positions = torch.nn.functional.one_hot(torch.nn.functional.pad(source, (1, 0)), n_source).to(posterior)
        words = torch.nn.functional.one_hot(target, n_target).to(posterior)
        counts = counts + torch.einsum("ie,ji,jf->ef", positions, posterior, words)
    totals = counts.sum(dim=1)
    table = counts / totals[:, None]
    table[totals == 0] = 1 / n_target
    return table
