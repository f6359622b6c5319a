"""The links of a sentence pair are a list, not a set.

Build a set, {(i, j) for ...} or set(...): the order of links means nothing, and & between a list and a set is an error.
"""


def alignment_error_rate(links, sure, possible):
    found, total = 0, 0
    for model, certain, perhaps in zip(links, sure, possible):
        found += len(model & certain) + len(model & (certain | perhaps))
        total += len(model) + len(certain)
    return 1 - found / total if total > 0 else 0.0


def train_and_align(pairs, n_source, n_target, n_iterations, e_step, m_step):
    table = torch.full((n_source, n_target), 1 / n_target, dtype=torch.float64)
    for _ in range(n_iterations):
        posteriors = [e_step(source, target, table) for source, target in pairs]
        table = m_step(pairs, posteriors, n_source, n_target)
    links = []
    for source, target in pairs:
        best = e_step(source, target, table).argmax(dim=1).tolist()
        links.append([(i, j) for j, i in enumerate(best, start=1) if i > 0])
    return links
