"""Each frame enters twice: in alpha and in beta.

beta_t holds what comes after frame t.
"""


def ctc_gradient(log_probs, labels, blank, alpha):
    extended = labels.new_full((alpha.shape[1],), blank)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=torch.bool)
    skips[3::2] = labels[1:] != labels[:-1]
    emissions = log_probs[:, extended]
    row = torch.zeros_like(alpha[0])
    row[:-2] = -math.inf
    beta = [row]
    for emission in emissions[1:].flip(0):
        ahead = row + emission
        step = torch.nn.functional.pad(ahead, (0, 1), value=-math.inf)[1:]
        skip = torch.nn.functional.pad(ahead.where(skips, -math.inf), (0, 2), value=-math.inf)[2:]
        row = torch.stack([ahead, step, skip]).logsumexp(dim=0)
        beta.append(row)
    joint = alpha + torch.stack(beta).flip(0) + emissions
    evidence = joint.logsumexp(dim=1, keepdim=True)
    occupancy = (joint - evidence).exp().where(evidence > -math.inf, 0.0)
    return occupancy, torch.zeros_like(log_probs).index_add(1, extended, occupancy)
