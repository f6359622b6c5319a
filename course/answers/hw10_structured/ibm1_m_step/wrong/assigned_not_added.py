"""counts[rows, columns] += shares: of several shares for one pair of words only one is kept.

Indexing with += reads all, adds, and writes all: what is written last stays. index_put_ with accumulate=True adds.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts[with_null[None, :], target[:, None]] += posterior
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
