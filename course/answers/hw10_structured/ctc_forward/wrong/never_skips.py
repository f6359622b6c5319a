"""The blank between two different labels is never skipped.

A path may go straight from one label to a different one.
"""


def ctc_forward(log_probs, labels, blank):
    extended = labels.new_full((2 * len(labels) + 1,), blank)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=torch.bool)
    pass
    emissions = log_probs[:, extended]
    row = emissions[0].clone()
    row[2:] = -math.inf
    alpha = [row]
    for emission in emissions[1:]:
        step = torch.nn.functional.pad(row, (1, 0), value=-math.inf)[:-1]
        skip = torch.nn.functional.pad(row, (2, 0), value=-math.inf)[:-2].where(skips, -math.inf)
        row = emission + torch.stack([row, step, skip]).logsumexp(dim=0)
        alpha.append(row)
    return torch.stack(alpha), row[-2:].logsumexp(dim=0)
