"""Loops over the examples."""


def importance_sampling(log_w):
    parts = []
    for column in log_w.T:
        top = column.max()
        weights = [math.exp(float(value - top)) for value in column]
        mean = sum(weights) / len(weights)
        v = sum((weight / mean - 1) ** 2 for weight in weights) / len(weights)
        parts.append(torch.stack([top + math.log(mean), torch.as_tensor(len(weights) / (1 + v)), torch.as_tensor(math.sqrt(v / len(weights)))]))
    return tuple(torch.stack(parts, dim=1).to(log_w.dtype))
