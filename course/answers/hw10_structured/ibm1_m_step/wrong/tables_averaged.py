"""A table is made of each sentence pair, and the tables are averaged.

A long sentence has more to say than a short one: add the counts of all pairs, then divide once.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    total, seen = posteriors[0].new_zeros(n_source, n_target), posteriors[0].new_zeros(n_source, 1)
    for (source, target), posterior in zip(pairs, posteriors):
        counts = posterior.new_zeros(n_source, n_target)
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
        sums = counts.sum(dim=1, keepdim=True)
        total += torch.where(sums > 0, counts / sums, 0.0)
        seen += sums > 0
    return torch.where(seen > 0, total / seen, 1 / n_target)
