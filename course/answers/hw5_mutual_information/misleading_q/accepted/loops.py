"""With loops, in Python's numbers."""


def misleading_q(p_x, channel):
    p, table = p_x.double().tolist(), channel.double().tolist()
    letters = range(len(table[0]))
    p_y = [sum(a * row[y] for a, row in zip(p, table)) for y in letters]
    information = sum(a * row[y] * math.log(row[y] / p_y[y]) for a, row in zip(p, table) for y in letters)
    club = sum(a * (row[y] - p_y[y]) * math.log(row[y]) for a, row in zip(p, table) for y in letters)
    rows = [[value ** (information / (2 * club)) for value in row] for row in table]
    return torch.tensor([[value / sum(row) for value in row] for row in rows], dtype=channel.dtype)
