"""Each step takes the state with the largest emission.

Start and transitions have a say too.
"""


def viterbi(log_start, log_transitions, log_emissions):
    path = log_emissions.argmax(dim=1)
    return path, path_log_joint(path, log_start, log_transitions, log_emissions)
