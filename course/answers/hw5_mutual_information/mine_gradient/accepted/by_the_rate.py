"""The average moved towards the batch's mean by the rate, by lerp of what is left after the largest."""


def mine_gradient(scores, log_average, rate):
    n = len(scores)
    off = ~torch.eye(n, dtype=torch.bool)
    wide, old = scores.double(), log_average.double()
    top = torch.maximum(wide[off].max(), old)
    mean = torch.exp(wide[off] - top).mean()
    new = top + torch.lerp(torch.exp(old - top), mean, rate).log()
    log_mean = wide[off].logsumexp(0) - math.log(n * (n - 1))
    tables = []
    for below in (log_mean, new):
        table = torch.eye(n, dtype=torch.float64) / n
        table[off] = -torch.exp(wide[off] - below - math.log(n * (n - 1)))
        tables.append(table.to(scores.dtype))
    return tables[0], tables[1], new.to(scores.dtype)
