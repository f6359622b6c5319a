"""A source word that stands twice gets one share, at its last position.

A dictionary by words keeps one entry for each word. Positions are what a_j counts.
"""


def ibm1_e_step(source, target, table):
    positions = {e: i for i, e in enumerate([0] + source.tolist())}
    posterior = torch.zeros(len(target), len(source) + 1, dtype=table.dtype)
    for j, f in enumerate(target.tolist()):
        for e, i in positions.items():
            posterior[j, i] = table[e, f]
    return posterior / posterior.sum(dim=1, keepdim=True)
