"""The counts are divided by how often the source word occurs.

A source word need not produce exactly one target word: divide by the sum of its expected counts.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts, times = posteriors[0].new_zeros(n_source, n_target), posteriors[0].new_zeros(n_source)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
        times += torch.bincount(with_null, minlength=n_source)
    return torch.where(times[:, None] > 0, counts / times[:, None], 1 / n_target)
