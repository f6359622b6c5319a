"""A small number is added to each count, so that nothing is divided by 0.

It gives the uniform row where there are no counts, but spoils small counts.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_full((n_source, n_target), 1e-12)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        counts.index_put_((with_null, target[:, None]), posterior, accumulate=True)
    return counts / counts.sum(dim=1, keepdim=True)
