"""The result is float32 whatever the posteriors are.

Return the dtype that you were given.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = torch.zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior.float(), accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
