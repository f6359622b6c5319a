"""The table has the steps first.

It is (sequences, steps, states), as the emissions are: torch.stack(rows, dim=1).
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        arriving = torch.logsumexp(log_alpha[:, :, None] + log_transitions, dim=1)  # (n, k)
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows)
    last = log_alphas[lengths - 1, torch.arange(len(lengths))]
    return log_alphas, torch.logsumexp(last, dim=1)
