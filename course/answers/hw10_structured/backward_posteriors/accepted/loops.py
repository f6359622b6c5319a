"""Loops over steps and states."""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    t, k = log_alpha.shape
    log_beta = torch.zeros(t, k, dtype=log_alpha.dtype)
    for s in reversed(range(t - 1)):
        for i in range(k):
            log_beta[s, i] = torch.logsumexp(log_transitions[i] + log_emissions[s + 1] + log_beta[s + 1], dim=0)
    evidence = torch.logsumexp(log_alpha[0] + log_beta[0], dim=0)
    gamma = torch.exp(log_alpha + log_beta - evidence)
    counts = torch.zeros(k, k, dtype=log_alpha.dtype)
    for s in range(t - 1):
        for i in range(k):
            for j in range(k):
                counts[i, j] += torch.exp(
                    log_alpha[s, i] + log_transitions[i, j] + log_emissions[s + 1, j] + log_beta[s + 1, j] - evidence
                )
    return log_beta, gamma, counts
