"""Automatic differentiation of an own forward pass: the states by the emissions, the classes by log_probs."""


def ctc_gradient(log_probs, labels, blank, alpha):
    extended = torch.full((2 * len(labels) + 1,), blank)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=torch.bool)
    skips[3::2] = labels[1:] != labels[:-1]
    leaves = log_probs.clone().requires_grad_()
    emissions = leaves[:, extended]
    row = emissions[0].where(torch.arange(len(extended)) < 2, -math.inf)
    for emission in emissions[1:]:
        step = torch.nn.functional.pad(row, (1, 0), value=-math.inf)[:-1]
        skip = torch.nn.functional.pad(row, (2, 0), value=-math.inf)[:-2].where(skips, -math.inf)
        terms = torch.stack([row, step, skip])
        reached = (terms > -math.inf).any(dim=0)  # the derivative of logsumexp is NaN where all terms are -inf
        row = emission + terms.where(reached, 0.0).logsumexp(dim=0).where(reached, -math.inf)
    evidence = row[-2:].logsumexp(dim=0)
    if evidence == -math.inf:
        return torch.zeros_like(alpha), torch.zeros_like(log_probs)
    occupancy, gradient = torch.autograd.grad(evidence, [emissions, leaves])
    return occupancy, gradient
