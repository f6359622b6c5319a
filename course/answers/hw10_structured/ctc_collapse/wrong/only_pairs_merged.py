"""Of three equal neighbours two are left: only pairs are merged.

However long it lasts, it is one label.
"""


def ctc_collapse(path, blank):
    labels, t, path = [], 0, path.tolist()
    while t < len(path):
        if path[t] != blank:
            labels.append(path[t])
        t += 2 if t + 1 < len(path) and path[t + 1] == path[t] else 1
    return labels
