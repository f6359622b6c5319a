"""Loops over words, with Python numbers."""


def ibm1_e_step(source, target, table):
    rows = []
    for f in target.tolist():
        shares = [table[e, f].item() for e in [0] + source.tolist()]
        total = sum(shares)
        rows.append([share / total for share in shares])
    return torch.tensor(rows, dtype=table.dtype)
