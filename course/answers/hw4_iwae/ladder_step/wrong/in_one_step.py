"""The whole proof is one step.

The reason must license what changed, and from the first line to the last much has: write the steps between.
"""


def ladder_step():
    return Derivation(log(p_x)).at_least(E(p_z, log(p_x_given_z)), because="Jensen")
