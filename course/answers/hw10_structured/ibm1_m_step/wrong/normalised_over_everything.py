"""All entries of the table together sum to 1: that is the joint share of (e, f).

Divide each row by its own sum.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    return counts / counts.sum()
