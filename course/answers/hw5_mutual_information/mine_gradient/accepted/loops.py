"""Loops over all pairs, the largest score taken out."""


def mine_gradient(scores, log_average, rate):
    rows, n = scores.double().tolist(), len(scores)
    top = max(value for i, row in enumerate(rows) for j, value in enumerate(row) if i != j)
    total = sum(math.exp(value - top) for i, row in enumerate(rows) for j, value in enumerate(row) if i != j)
    log_mean = top + math.log(total / (n * (n - 1)))
    past, now = float(log_average) + math.log(1 - rate), log_mean + math.log(rate)
    new = max(past, now) + math.log(1 + math.exp(min(past, now) - max(past, now)))
    biased, mended = torch.zeros_like(scores), torch.zeros_like(scores)
    for i in range(n):
        for j in range(n):
            if i == j:
                biased[i, j] = mended[i, j] = 1 / n
            else:
                biased[i, j] = -math.exp(rows[i][j] - log_mean) / (n * (n - 1))
                mended[i, j] = -math.exp(rows[i][j] - new) / (n * (n - 1))
    return biased, mended, torch.tensor(new, dtype=scores.dtype)
