"""The closed system of a finite network's weights and overlaps, followed by compiled steps."""

from math import inf, sqrt

import numpy as np

from learning_dynamics._interruption import look_up
from learning_dynamics.time_scales.kernels import network_flow as kernels
from learning_dynamics.time_scales.kernels import packing
from learning_dynamics.time_scales.mathematics.integrator import StepLimitError

EXACT = {"relu": kernels.RELU, "erf": kernels.ERF}
WORK_OF_A_CALL = 2**27
"""Multiply-adds that a compiled call makes at most, unless one velocity takes more; they take less than a second."""
OVERHEAD = 8
"""Neurons that would take as long as what a velocity costs besides."""


def compiled_system(problem, kernel):
    """The tuple `system` of the compiled loops, for a kernel that `overlap_kernel` accepts."""
    name = getattr(problem.activation, "name", None) if kernel == "exact" else None
    kind, c, at_one = EXACT.get(name, kernels.SERIES), _padded(problem.sigma**2), np.ones(3)
    kernels.kernel_with_slope(kind, c, at_one[:1], at_one[1:2], at_one[2:])
    return kind, c, at_one[1:], _padded(problem.sigma * problem.phi), problem.epsilon


def _padded(coefficients):
    return np.append(coefficients, np.zeros(-coefficients.size % kernels.TERMS))


class OverlapFlow:
    """The state of the closed system, and what is kept of it."""

    def __init__(self, system, a0, u0, times):
        m, n = a0.size, times.size
        self.y = np.empty(2 * m + m * (m - 1) // 2)
        packing.pack(a0, u0, self.y)
        self.point = self.y.copy()
        self.system = system
        self.room = (*np.empty((2, self.y.size)), *np.empty((3, m)), *np.empty((3, m, m)))
        (self.a, self.s), self.sums = np.empty((2, n, m)), np.empty((n, 2))
        self.later = times[times > 0]
        if times[0] == 0:
            kernels.observe(self.y, self.a[0], self.s[0], self.sums[0], system, self.room)

    def follow(self, rtol, max_steps):
        """Integrate to the last of the times."""
        kept, end = slice(-self.later.size, None), self.later[-1]
        k, new = np.empty((kernels.STAGES, self.y.size)), np.empty(self.y.size)
        clock, place = np.array([0.0, self._first_step(k, end, rtol), 0.0]), np.zeros(4, np.int64)
        status, evaluations = kernels.RUNNING, self._evaluations_of_a_call()
        while status == kernels.RUNNING:
            status = kernels.advance(
                evaluations, max_steps, clock, place, self.later, rtol, self.y, k, self.point, new,
                self.a[kept], self.s[kept], self.sums[kept], self.system, self.room,
            )  # fmt: skip
            look_up()
        if status != kernels.FINISHED:
            stalled = status == kernels.STALLED
            reason = f"steps of {clock[1]:.1e} are too short" if stalled else f"max_steps = {max_steps} do not suffice"
            raise StepLimitError(reason, t=clock[0], t_end=end, state=self.split(self.y))

    def _first_step(self, k, end, rtol):
        """Write the first velocity; the size of the first step comes from the sizes of the first two derivatives."""
        m = self.a.shape[1]
        kernels.velocity(self.y, k[0], self.system, self.room)
        speed = self._size(k[0], rtol)
        state = sqrt(self._size(self.y, rtol) ** 2 + m / (2 * rtol) ** 2 / (2 * m + m * m))  # the r_ii = 1 count, too
        trial = min(0.01 * state / speed if min(state, speed) >= 1e-5 else 1e-6, end)
        with np.errstate(over="ignore", invalid="ignore"):
            kernels.velocity(self.y + trial * k[0], k[1], self.system, self.room)
            bend = self._size(k[1] - k[0], rtol)
        largest = max(speed, bend / trial if trial > 0 else inf)
        safe = (0.01 / largest) ** -kernels.EXPONENT if largest > 1e-15 else max(1e-6, 1e-3 * trial)
        return min(100 * trial, safe, end)

    def _size(self, x, rtol):
        """The root mean square of a vector, each entry over its tolerance at the start."""
        m = self.a.shape[1]
        return sqrt(kernels.weighted_square(x, self.y, self.y, m, rtol) / (2 * m + m * m))

    def _evaluations_of_a_call(self):
        m, terms = self.a.shape[1], self.system[1].size
        return max(1, WORK_OF_A_CALL // ((m + OVERHEAD) ** 2 * (m + terms)))

    def split(self, y):
        """The weights a, shape (m,), the overlaps s, shape (m,), and the overlaps r, shape (m, m), of a state."""
        m = self.a.shape[1]
        r = np.empty((m, m))
        packing.unpack(y[2 * m :], r)
        return y[:m], y[m : 2 * m], r
