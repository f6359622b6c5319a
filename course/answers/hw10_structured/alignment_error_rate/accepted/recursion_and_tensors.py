"""The table by recursion; links as frozen sets; the rate as a tensor.
"""


def alignment_error_rate(links, sure, possible):
    rows = [[len(a & s), len(a & (p | s)), len(a), len(s)] for a, s, p in zip(links, sure, possible)]
    in_sure, in_possible, n_links, n_sure = torch.tensor(rows, dtype=torch.float64).sum(dim=0)
    if n_links + n_sure == 0:
        return torch.zeros((), dtype=torch.float64)
    return 1 - (in_sure + in_possible) / (n_links + n_sure)


def table_after(n, pairs, n_source, n_target, e_step, m_step):
    if n == 0:
        return torch.full((n_source, n_target), 1 / n_target, dtype=torch.float64)
    before = table_after(n - 1, pairs, n_source, n_target, e_step, m_step)
    return m_step(pairs, [e_step(source, target, before) for source, target in pairs], n_source, n_target)


def train_and_align(pairs, n_source, n_target, n_iterations, e_step, m_step):
    table = table_after(n_iterations, pairs, n_source, n_target, e_step, m_step)
    links = []
    for source, target in pairs:
        _, best = e_step(source, target, table).max(dim=1)
        j = best.nonzero()[:, 0]
        links.append(frozenset(tuple(pair) for pair in torch.stack([best[j], j + 1], dim=1).tolist()))
    return links
