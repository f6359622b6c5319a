"""A small number is added to the denominator.

It lowers rows with small counts. Only a sum of exactly 0 needs care, and has it by the uniform row.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / (totals + 1e-10), 1 / n_target)
