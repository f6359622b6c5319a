"""Class 0 is taken for the blank.

The blank is an argument.
"""


def ctc_forward(log_probs, labels, blank):
    extended = labels.new_full((2 * len(labels) + 1,), 0)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=torch.bool)
    skips[3::2] = labels[1:] != labels[:-1]
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
