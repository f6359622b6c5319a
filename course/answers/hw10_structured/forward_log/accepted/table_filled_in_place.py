"""A table of its own, filled row by row; the states before stand last."""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    n, length, k = log_emissions.shape
    table = torch.empty(n, length, k, dtype=log_emissions.dtype)
    table[:, 0] = log_start + log_emissions[:, 0]
    for t in range(1, length):
        table[:, t] = torch.logsumexp(table[:, t - 1].clone()[:, None, :] + log_transitions.T, dim=-1) + log_emissions[:, t]
    index = (lengths - 1)[:, None, None].expand(n, 1, k)
    return table, table.gather(1, index)[:, 0].logsumexp(dim=-1)
