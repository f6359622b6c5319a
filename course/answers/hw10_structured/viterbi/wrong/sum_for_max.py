"""The sum is taken for the maximum.

That is the forward recursion: it adds up all paths. Here the best one counts.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]  # (k,)
    backpointers = []
    for emissions in log_emissions[1:]:
        scores = best[:, None] + log_transitions
        arriving, origins = torch.logsumexp(scores, dim=0), scores.argmax(dim=0)
        best = arriving + emissions
        backpointers.append(origins)
    path = [best.argmax()]
    for origins in reversed(backpointers):
        path.append(origins[path[-1]])
    return torch.stack(path[::-1]), best.max()
