"""Loops over examples."""


def importance_weights(log_w):
    columns, sizes = [], []
    for column in log_w.T:
        raw = torch.exp(column - column.max())
        columns.append(raw / raw.sum())
        sizes.append(raw.sum() ** 2 / (raw * raw).sum())
    return torch.stack(columns, dim=1), torch.stack(sizes)
