"""Loops over examples, adding up one sample at a time."""


def iwae(log_w):
    values = []
    for column in log_w.T:
        total = column[0]
        for value in column[1:]:
            total = torch.logaddexp(total, value)
        values.append(total - math.log(len(column)))
    return torch.stack(values)
