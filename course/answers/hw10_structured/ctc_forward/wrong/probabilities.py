"""The recursion runs on probabilities, and takes the logarithm at the end.

After a few hundred frames they are 0 in floating point: stay in logarithms.
"""


def ctc_forward(log_probs, labels, blank):
    extended = labels.new_full((2 * len(labels) + 1,), blank)
    extended[1::2] = labels
    skips = torch.zeros(len(extended), dtype=log_probs.dtype)
    skips[3::2] = (labels[1:] != labels[:-1]).to(log_probs.dtype)
    p = log_probs.exp()[:, extended]
    row = p[0].clone()
    row[2:] = 0
    alpha = [row]
    for now in p[1:]:
        step = torch.nn.functional.pad(row, (1, 0))[:-1]
        skip = torch.nn.functional.pad(row, (2, 0))[:-2] * skips
        row = now * (row + step + skip)
        alpha.append(row)
    return torch.stack(alpha).log(), row[-2:].sum().log()
