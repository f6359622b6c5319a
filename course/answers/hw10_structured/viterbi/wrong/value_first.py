"""The results come in another order.

The path first, then its log-joint.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        arriving, origins = (best[:, None] + log_transitions).max(dim=0)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return best.max(), torch.stack(path[::-1])
