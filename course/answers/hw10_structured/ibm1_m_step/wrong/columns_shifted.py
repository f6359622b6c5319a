"""The first source word is given the null word's column, and so on: all are one off.

Column 0 of a posterior is the null word's, column i that of source[i - 1].
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source, source.new_zeros(1)])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
