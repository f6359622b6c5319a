"""The largest weight of each example taken out, then plain numbers, in float64."""


def importance_sampling(log_w):
    values = log_w.double()
    top = values.amax(dim=0)
    weights = torch.exp(values - top)
    mean, k = weights.mean(dim=0), len(weights)
    size = weights.sum(dim=0) ** 2 / (weights**2).sum(dim=0)
    error = weights.std(dim=0, correction=0) / (mean * k**0.5)
    return tuple(part.to(log_w.dtype) for part in (top + mean.log(), size, error))
