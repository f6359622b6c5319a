"""The loop never stops before n_iterations.

Step 4: compare the last two bounds.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        parameters = m_step(x, responsibilities)
    return parameters, bounds
