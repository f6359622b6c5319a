"""Constants are returned.

The result must depend on the model and on the observations.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    return torch.zeros_like(log_emissions), torch.zeros_like(log_emissions[:, 0, 0])
