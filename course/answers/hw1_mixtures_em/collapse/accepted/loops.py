"""A loop over the points."""


def collapse(x, sigma):
    d, total, mean = x.shape[1], 0.0, x.double().mean(dim=0)
    for row in x.double():
        narrow = -0.5 * float((((row - x[0].double()) / sigma) ** 2).sum()) - d * math.log(sigma)
        broad = -0.5 * float((row - mean) @ (row - mean))
        top = max(narrow, broad)
        total += (
            top + math.log(0.5 * math.exp(narrow - top) + 0.5 * math.exp(broad - top)) - 0.5 * d * math.log(2 * math.pi)
        )
    return torch.tensor(total, dtype=x.dtype)
