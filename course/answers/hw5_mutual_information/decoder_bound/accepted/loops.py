"""Loops over pairs and dimensions."""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x = len(b)
    values = []
    for row, seen in zip(x, y):
        total = torch.linalg.cholesky(covariance).diagonal().log().sum() + n_x / 2 * math.log(2 * math.pi * math.e)
        for d in range(n_x):
            error = row[d] - b[d] - (W[d] * seen).sum()
            total = total - error**2 / (2 * torch.exp(2 * log_scale[d])) - log_scale[d] - math.log(2 * math.pi) / 2
        values.append(total)
    return torch.stack(values)
