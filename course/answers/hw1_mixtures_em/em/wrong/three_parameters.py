"""The parameters are taken to be three.

The loop hands the tuple on without looking inside: e_step(x, *parameters).
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    weights, means, covariances = parameters
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, weights, means, covariances)
        bounds.append(float(elbo(x, responsibilities, weights, means, covariances).mean()))
        weights, means, covariances = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return (weights, means, covariances), bounds
