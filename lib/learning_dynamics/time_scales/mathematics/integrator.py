"""Following a SciPy solver through wanted times, with a limit on its steps."""

import numpy as np


class StepLimitError(ArithmeticError):
    r"""A flow could not be followed to its end.

    Attributes
    ----------
    t : float
        Time that it reached.
    state : tuple of numpy.ndarray
        State there: (a, s) for the mean-field flow; (a, s, r) or (a, u) for a finite network.
    """

    def __init__(self, reason, *, t, t_end, state):
        largest = np.abs(state[0]).max()
        super().__init__(f"{reason} to reach t = {t_end:g}: the flow stopped at t = {t:.6g} with largest |a| = {largest:.4g}")
        self.t, self.state = t, tuple(part.copy() for part in state)


def follow(solver, stops, *, max_steps, split, observe=None):
    """Run a SciPy solver to its end.

    Parameters
    ----------
    solver : scipy.integrate.OdeSolver
        At time 0.
    stops : numpy.ndarray of float, shape (q,)
        Increasing times > 0, the last one the end of the solver.
    max_steps : int
    split : callable
        Makes the tuple for `StepLimitError` from a state vector.
    observe : callable, optional
        Called as ``observe(t, y)`` after every step.

    Returns
    -------
    numpy.ndarray of float, shape (q, n)
        States at the stops.

    Raises
    ------
    StepLimitError
        If `max_steps` do not suffice or the solver fails.
    """
    states, steps = [], 0
    while solver.status == "running":
        if steps == max_steps:
            reason = f"max_steps = {max_steps} do not suffice"
            raise StepLimitError(reason, t=solver.t, t_end=stops[-1], state=split(solver.y))
        message = solver.step()
        if solver.status == "failed":
            raise StepLimitError(f"the solver failed ({message})", t=solver.t, t_end=stops[-1], state=split(solver.y))
        steps += 1
        if observe:
            observe(solver.t, solver.y)
        if stops[len(states)] <= solver.t:
            curve = solver.dense_output()
            while len(states) < stops.size and stops[len(states)] <= solver.t:
                states.append(curve(stops[len(states)]))
    return np.array(states)
