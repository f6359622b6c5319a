"""index_add_ of each target word's shares; the null word apart."""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    by_target = torch.zeros(n_target, n_source, dtype=posteriors[0].dtype)
    for (source, target), posterior in zip(pairs, posteriors):
        by_source = torch.zeros(len(target), n_source, dtype=posterior.dtype)
        by_source[:, 0] = posterior[:, 0]
        by_source.index_add_(1, source, posterior[:, 1:])
        by_target.index_add_(0, target, by_source)
    table = []
    for counts in by_target.T:
        table.append(counts / counts.sum() if counts.sum() > 0 else torch.full_like(counts, 1 / n_target))
    return torch.stack(table)
