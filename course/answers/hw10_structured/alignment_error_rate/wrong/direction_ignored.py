"""A link is compared without regard to its order: (1, 2) equals (2, 1).

The first is the source's position, the second the target's.
"""


def alignment_error_rate(links, sure, possible):
    found, total = 0, 0
    for model, certain, perhaps in zip(links, sure, possible):
        model, certain, perhaps = ({tuple(sorted(link)) for link in one} for one in (model, certain, perhaps))
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
        links.append({(i, j) for j, i in enumerate(best, start=1) if i > 0})
    return links
