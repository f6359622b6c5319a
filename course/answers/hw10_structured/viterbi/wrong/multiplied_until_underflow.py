"""Probabilities are multiplied.

After some hundred steps all products are 0, and all paths look alike. Add logarithms.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = (log_start + log_emissions[0]).exp()
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] * log_transitions.exp()).max(dim=0)
        best = arriving * emissions.exp()
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max().log()
