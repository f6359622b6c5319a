"""Probabilities that are scaled at each frame, in float64, with the logarithms of the scales added up."""


def ctc_forward(log_probs, labels, blank):
    states = torch.full((2 * len(labels) + 1,), blank)
    states[1::2] = labels
    skip = (states != blank).double()
    skip[:2] = 0
    skip[2:] *= states[2:] != states[:-2]
    top = log_probs.double().max(dim=1, keepdim=True).values
    p = (log_probs.double() - top).exp()[:, states]
    zero = torch.zeros(2, dtype=torch.float64)
    row = torch.zeros(len(states), dtype=torch.float64)
    scale, alpha = 0.0, []
    for t in range(len(p)):
        if t == 0:
            row[:2] = p[0, :2]
        else:
            padded = torch.cat([zero, row])
            row = p[t] * (row + padded[1:-1] + skip * padded[:-2])
        scale = scale + top[t, 0]
        total = row.sum()
        if total > 0:
            row = row / total
            scale = scale + total.log()
        alpha.append(row.log() + scale)
    alpha = torch.stack(alpha)
    return alpha.to(log_probs.dtype), alpha[-1, -2:].logsumexp(dim=0).to(log_probs.dtype)
