"""The path is chosen step by step from the start.

The best next state may lead to a bad end. Keep the best beginning for *each* state, and decide at the end.
"""


def viterbi(log_start, log_transitions, log_emissions):
    scores = log_start + log_emissions[0]
    path, log_joint = [scores.argmax()], scores.max()
    for emissions in log_emissions[1:]:
        scores = log_transitions[path[-1]] + emissions
        path.append(scores.argmax())
        log_joint = log_joint + scores.max()
    return torch.stack(path), log_joint
