"""The last observation is left out.

The emission of the last step counts as any other.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] + log_transitions).max(dim=0)
        best = arriving + (emissions if len(backpointers) < len(log_emissions) - 2 else 0)
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
