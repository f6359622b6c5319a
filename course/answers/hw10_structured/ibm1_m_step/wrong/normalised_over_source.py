"""The counts are divided by the target word's total: that is t(e | f).

t(f | e) is a distribution over target words, for each source word: the rows sum to 1.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    totals = counts.sum(dim=0, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_source)
