"""Returns a list that holds itself, and one that is nested very deep.

marks: 2 0 1
"""
def log_sum_exp(values):
    deep = []
    for _ in range(10**5):
        deep = [deep]
    deep_and_cyclic = [deep]
    deep_and_cyclic.append(deep_and_cyclic)
    return deep_and_cyclic
