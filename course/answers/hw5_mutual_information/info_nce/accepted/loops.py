"""Loops, adding up one candidate at a time."""


def info_nce(scores):
    values = []
    for i, row in enumerate(scores):
        total = row[0]
        for value in row[1:]:
            total = torch.logaddexp(total, value)
        values.append(row[i] - total + math.log(len(row)))
    return torch.stack(values)
