"""The states are the labels alone.

There are 2 L + 1 states: a blank before, between and after the labels.
"""


def ctc_forward(log_probs, labels, blank):
    emissions = log_probs[:, labels]
    row = emissions[0].clone()
    row[1:] = -math.inf
    alpha = [row]
    for emission in emissions[1:]:
        step = torch.nn.functional.pad(row, (1, 0), value=-math.inf)[:-1]
        row = emission + torch.stack([row, step]).logsumexp(dim=0)
        alpha.append(row)
    return torch.stack(alpha), row[-1:].logsumexp(dim=0)
