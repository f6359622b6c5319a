"""As a hidden Markov model: a matrix of log transitions, 0 or -inf, between all states."""


def ctc_forward(log_probs, labels, blank):
    n_states = 2 * len(labels) + 1
    states = torch.full((n_states,), blank)
    states[1::2] = labels
    here, there = torch.arange(n_states)[:, None], torch.arange(n_states)
    allowed = (there == here) | (there == here + 1)
    allowed |= (there == here + 2) & (states != blank) & (states[:, None] != states)
    log_transitions = torch.where(allowed, 0.0, -math.inf).to(log_probs.dtype)
    alpha = torch.full((len(log_probs), n_states), -math.inf, dtype=log_probs.dtype)
    alpha[0, :2] = log_probs[0, states[:2]]
    for t in range(1, len(log_probs)):
        alpha[t] = torch.logsumexp(alpha[t - 1][:, None] + log_transitions, dim=0) + log_probs[t, states]
    ends = torch.tensor([s >= n_states - 2 for s in range(n_states)])
    return alpha, alpha[-1].where(ends, -math.inf).logsumexp(0)
