"""The first observation is left out.

delta_1(j) is ln start(j) plus the first emission.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] + log_transitions).max(dim=0)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
