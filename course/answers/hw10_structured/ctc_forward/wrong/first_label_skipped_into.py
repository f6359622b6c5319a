"""The skip into the first label comes from outside: its comparison takes the last label.

Negative indices count from the end. There is nothing before the first state.
"""


def ctc_forward(log_probs, labels, blank):
    extended = labels.new_full((2 * len(labels) + 1,), blank)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=torch.bool)
    skips[1::2] = labels != labels.roll(1)
    emissions = log_probs[:, extended]
    row = emissions[0].clone()
    row[2:] = -math.inf
    alpha = [row]
    for emission in emissions[1:]:
        step = torch.nn.functional.pad(row, (1, 0), value=-math.inf)[:-1]
        skip = row.roll(2).where(skips, -math.inf)
        row = emission + torch.stack([row, step, skip]).logsumexp(dim=0)
        alpha.append(row)
    return torch.stack(alpha), row[-2:].logsumexp(dim=0)
