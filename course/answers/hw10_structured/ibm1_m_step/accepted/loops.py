"""Loops over positions, and a dictionary of counts."""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = {}
    for (source, target), posterior in zip(pairs, posteriors):
        for j, f in enumerate(target.tolist()):
            for i, e in enumerate([0] + source.tolist()):
                counts[e, f] = counts.get((e, f), 0.0) + posterior[j, i].item()
    table = torch.full((n_source, n_target), 1 / n_target, dtype=posteriors[0].dtype)
    for e in range(n_source):
        total = sum(counts.get((e, f), 0.0) for f in range(n_target))
        if total > 0:
            for f in range(n_target):
                table[e, f] = counts.get((e, f), 0.0) / total
    return table
