"""Links numbered by their sentence pair, in one set for the corpus; the links of each iteration are made and thrown away.
"""


def alignment_error_rate(links, sure, possible):
    everything = lambda sets: {(n, *link) for n, one in enumerate(sets) for link in one}
    a, s, p = everything(links), everything(sure), everything(possible)
    p = p | s
    if not a and not s:
        return 0.0
    return (len(a - p) + len(s - a)) / (len(a) + len(s))


def train_and_align(pairs, n_source, n_target, n_iterations, e_step, m_step):
    table = torch.ones(n_source, n_target, dtype=torch.float64) / n_target
    for iteration in range(n_iterations + 1):
        posteriors, links = [], []
        for source, target in pairs:
            posterior = e_step(source, target, table)
            posteriors.append(posterior)
            links.append({(int(row.argmax()), j + 1) for j, row in enumerate(posterior) if row.argmax() != 0})
        if iteration < n_iterations:
            table = m_step(pairs, posteriors, n_source, n_target)
    return links
