"""Loops over the examples."""


def importance_sampling(log_w):
    parts = []
    for column in log_w.T:
        top = column.max()
        weights = [math.exp(float(value - top)) for value in column]
        mean = sum(weights) / len(weights)
        v = sum((weight / mean - 1) ** 2 for weight in weights) / len(weights)
        parts.append([float(top) + math.log(mean), len(weights) / (1 + v), math.sqrt(v / len(weights))])
    return tuple(torch.tensor(parts, dtype=torch.float64).T.to(log_w.dtype))
