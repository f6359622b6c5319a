"""All paths are enumerated.

There are k^T of them. The recursion needs k^2 operations a step.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    tables = [forward_by_enumeration(log_start, log_transitions, emissions) for emissions in log_emissions]
    log_alphas = torch.stack(tables)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]
    return log_alphas, torch.logsumexp(last, dim=1)
