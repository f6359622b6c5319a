"""The backpointers are taken along the wrong axis.

For each state arrived at, the best state to come from: argmax down the columns.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        scores = best[:, None] + log_transitions
        arriving, origins = scores.amax(dim=0), scores.argmax(dim=1)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
