"""In logarithms, where ln 0 is -infinity and softmax makes 0 of it."""


def ibm1_e_step(source, target, table):
    log_table = table.log()
    columns = [log_table[0, target]] + [log_table[e, target] for e in source]
    return torch.stack(columns, dim=1).softmax(dim=1)
