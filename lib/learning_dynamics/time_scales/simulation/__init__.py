"""The experiments: the mean-field flow, finite networks, and stochastic gradient descent."""
