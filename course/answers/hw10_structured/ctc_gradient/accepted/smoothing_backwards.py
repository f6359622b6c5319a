"""Without beta: the posterior of a frame from that of the next one, by the forward table."""


def ctc_gradient(log_probs, labels, blank, alpha):
    n_states = alpha.shape[1]
    states = torch.full((n_states,), blank)
    states[1::2] = labels
    here, there = torch.arange(n_states)[:, None], torch.arange(n_states)
    allowed = (there == here) | (there == here + 1)
    allowed |= (there == here + 2) & (states != blank) & (states[:, None] != states)
    allowed = torch.where(allowed, 0.0, -math.inf).to(alpha.dtype)
    gradient = torch.zeros_like(log_probs)
    if torch.isinf(alpha[-1, -2:]).all():
        return torch.zeros_like(alpha), gradient
    last = torch.zeros_like(alpha[-1])
    last[-2:] = alpha[-1, -2:].softmax(dim=0)
    rows = [last]
    for t in range(len(alpha) - 2, -1, -1):
        backward = (alpha[t][:, None] + allowed).softmax(dim=0).nan_to_num(0.0)  # p(state at t | state at t + 1, past)
        rows.append(backward @ rows[-1])
    occupancy = torch.stack(rows[::-1])
    for s, k in enumerate(states.tolist()):
        gradient[:, k] += occupancy[:, s]
    return occupancy, gradient
