"""The recursion runs from the end: the best that can follow; then the path is read off forwards."""


def viterbi(log_start, log_transitions, log_emissions):
    follow = [torch.zeros_like(log_start)]
    for emissions in log_emissions[1:].flip(0):
        follow.insert(0, (log_transitions + emissions + follow[0]).amax(dim=1))
    scores = log_start + log_emissions[0] + follow[0]
    path, value = [int(scores.argmax())], scores.max()
    for t in range(1, len(log_emissions)):
        path.append(int((log_transitions[path[-1]] + log_emissions[t] + follow[t]).argmax()))
    return torch.tensor(path), value
