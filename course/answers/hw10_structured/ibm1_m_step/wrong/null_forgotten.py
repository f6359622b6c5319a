"""The null word's shares are not counted.

It is a source word like the others, number 0, with a row of its own.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        counts.index_put_((source, target[:, None]), posterior[:, 1:], accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
