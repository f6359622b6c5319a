"""The first observation is left out.

alpha_1(j) holds the emission of the first step too.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start.expand(len(lengths), -1)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        arriving = torch.logsumexp(log_alpha[:, :, None] + log_transitions, dim=1)  # (n, k)
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
