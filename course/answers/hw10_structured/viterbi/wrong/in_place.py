"""The best values are added into the emissions.

That changes the caller's tensor: += on a row writes into it.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_emissions[0]
    best += log_start
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] + log_transitions).max(dim=0)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
