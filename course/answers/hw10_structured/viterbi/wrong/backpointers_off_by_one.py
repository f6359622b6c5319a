"""The backpointers are off by one.

b_t(j), found at step t, says where to be at step t - 1. Follow the one of the last step first.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] + log_transitions).max(dim=0)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed([torch.arange(len(log_start))] + backpointers[:-1] if backpointers else []):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
