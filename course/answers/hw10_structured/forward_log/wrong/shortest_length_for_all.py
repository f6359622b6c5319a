"""All sequences are cut to the length of the shortest.

Each sequence has its own last step.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        arriving = torch.logsumexp(log_alpha[:, :, None] + log_transitions, dim=1)  # (n, k)
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[:, int(lengths.min()) - 1]
    return log_alphas, torch.logsumexp(last, dim=1)
