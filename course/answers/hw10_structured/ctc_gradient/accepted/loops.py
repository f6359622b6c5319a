"""Loops over frames and states in float64, with beta that holds its own frame."""


def ctc_gradient(log_probs, labels, blank, alpha):
    T, S = alpha.shape
    states = [blank]
    for label in labels.tolist():
        states.extend([label, blank])
    p, a = log_probs.double(), alpha.double()
    beta = torch.full((T, S), -math.inf, dtype=torch.float64)
    for t in range(T - 1, -1, -1):
        for s in range(S):
            if t == T - 1:
                total = torch.tensor(0.0 if s >= S - 2 else -math.inf, dtype=torch.float64)
            else:
                total = beta[t + 1, s]
                if s + 1 < S:
                    total = torch.logaddexp(total, beta[t + 1, s + 1])
                if s + 2 < S and states[s + 2] != blank and states[s + 2] != states[s]:
                    total = torch.logaddexp(total, beta[t + 1, s + 2])
            beta[t, s] = total + p[t, states[s]]
    evidence = torch.logsumexp(a[-1, -2:], 0)
    occupancy, gradient = torch.zeros(T, S, dtype=alpha.dtype), torch.zeros_like(log_probs)
    if evidence > -math.inf:
        for t in range(T):
            for s, k in enumerate(states):
                if p[t, k] > -math.inf:
                    occupancy[t, s] = (a[t, s] + beta[t, s] - p[t, k] - evidence).exp()
                    gradient[t, k] += occupancy[t, s]
    return occupancy, gradient
