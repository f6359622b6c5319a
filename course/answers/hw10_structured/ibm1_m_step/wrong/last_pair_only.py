"""The counts begin anew with each sentence pair.

They are summed over all pairs: set them to zero before the loop.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    for (source, target), posterior in zip(pairs, posteriors):
        counts = posterior.new_zeros(n_source, n_target)
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
