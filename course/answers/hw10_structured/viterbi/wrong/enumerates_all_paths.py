"""All paths are enumerated.

There are k^T of them. The recursion needs k^2 operations a step.
"""


def viterbi(log_start, log_transitions, log_emissions):
    paths, log_joints = enumerate_paths(log_start, log_transitions, log_emissions)
    return paths[log_joints.argmax()], log_joints.max()
