"""The expected counts are returned, not probabilities.

Divide each row by its sum.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    return counts
