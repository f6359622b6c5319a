"""A constant path is returned.

It must depend on the observations.
"""


def viterbi(log_start, log_transitions, log_emissions):
    path = torch.zeros(len(log_emissions), dtype=torch.int64)
    return path, path_log_joint(path, log_start, log_transitions, log_emissions)
