"""Computed in float64, the value recomputed from the path."""


def viterbi(log_start, log_transitions, log_emissions):
    start, transitions, emissions = log_start.double(), log_transitions.double(), log_emissions.double()
    t, k = emissions.shape
    delta = torch.empty(t, k, dtype=torch.float64)
    pointer = torch.zeros(t, k, dtype=torch.long)
    delta[0] = start + emissions[0]
    for s in range(1, t):
        scores = transitions.T + delta[s - 1]
        delta[s], pointer[s] = scores.max(dim=1)
        delta[s] += emissions[s]
    path = torch.empty(t, dtype=torch.long)
    path[-1] = delta[-1].argmax()
    for s in range(t - 1, 0, -1):
        path[s - 1] = pointer[s, path[s]]
    return path, path_log_joint(path, start, transitions, emissions).to(log_start.dtype)
