"""Each target word counts wholly for its most probable position.

arg max in place of the expectation is hard EM. Add the shares themselves.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        with_null = torch.cat([source.new_zeros(1), source])
        decided = torch.nn.functional.one_hot(posterior.argmax(dim=1), posterior.shape[1]).to(posterior.dtype)
        counts.index_put_((with_null, target[:, None]), decided, accumulate=True)
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
