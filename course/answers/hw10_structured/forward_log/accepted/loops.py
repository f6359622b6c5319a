"""Loops over sequences, steps and states; -inf in the padding."""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    k = len(log_start)
    tables, log_likelihoods = [], []
    for emissions, length in zip(log_emissions, lengths.tolist()):
        rows = [[log_start[j] + emissions[0, j] for j in range(k)]]
        for t in range(1, length):
            before = torch.stack(rows[-1])
            rows.append([torch.logsumexp(before + log_transitions[:, j], dim=0) + emissions[t, j] for j in range(k)])
        table = torch.stack([torch.stack(row) for row in rows])
        log_likelihoods.append(torch.logsumexp(table[-1], dim=0))
        tables.append(torch.cat([table, torch.full_like(emissions[length:], -math.inf)]))
    return torch.stack(tables), torch.stack(log_likelihoods)
