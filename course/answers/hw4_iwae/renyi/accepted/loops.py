"""Loops over examples, the largest power taken out."""


def renyi(log_w, alpha):
    values = []
    for column in log_w.T:
        if abs(alpha - 1) < 1e-6:
            values.append(column.mean())
            continue
        powers = (1 - alpha) * column
        values.append((powers.max() + (powers - powers.max()).exp().mean().log()) / (1 - alpha))
    return torch.stack(values)
