"""The transitions are left out of the value.

Each step pays ln A_ij.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = best.expand(len(best), -1).max(dim=1)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
