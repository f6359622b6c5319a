"""Probabilities are multiplied, and the logarithm is taken at the end.

After some hundred steps the product is 0 in the computer, and its logarithm -inf. Stay in logarithms, and sum with torch.logsumexp.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    alpha = log_start.exp() * log_emissions[:, 0].exp()
    rows = [alpha]
    for t in range(1, log_emissions.shape[1]):
        alpha = (alpha @ log_transitions.exp()) * log_emissions[:, t].exp()
        rows.append(alpha)
    alphas = torch.stack(rows, dim=1)
    last = alphas[torch.arange(len(lengths)), lengths - 1]
    return alphas.log(), last.sum(dim=1).log()
