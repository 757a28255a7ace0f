"""Full-batch descent of one network by three methods, from epoch to epoch."""

import numpy as np

from learning_dynamics._interruption import compiled_call, in_parts, look_up
from learning_dynamics._threads import one_blas_thread
from learning_dynamics.overparametrized.kernels import arrays
from learning_dynamics.overparametrized.kernels import hot_pairs as kernels
from learning_dynamics.overparametrized.kernels.fused_descent import fused_descent

METHODS = ("cold-hot", "fused", "blas")
MOST_UNROLLED = 16
EXPLOSION = 1e8
FUSED_WORK, COLD_HOT_WORK = 2**28, 2.0**29
"""Multiplications of one compiled call, which take less than a second."""
ROWS = 4096


class Descent:
    """A network under descent, with what its method carries along."""

    def __init__(self, linearization, *, step, method, substeps=1):
        self.method = getattr(self, "_" + method.replace("-", "_"))
        self.step, self.substeps = step / substeps, substeps
        self.features, self.targets = linearization.features, linearization.targets
        self.points = _aligned(self.features.T)
        self.zero = (0.0,) * self.features.shape[1]
        self.scales = linearization.scales
        self.weights = linearization.weights.copy()
        self.active = linearization.active.copy()
        self.outputs = linearization.outputs.copy()
        self.halves, self.block = None, kernels.FIRST_BLOCK
        self.counters = (0, 0, 0)
        scale = np.sum((self.outputs - self.targets) ** 2) + np.sum(self.targets**2) + self._rounding()
        self.limit = EXPLOSION * float(scale)
        self.stable_step = 2 / linearization.eigenvalues[-1]

    def _rounding(self):
        """What rounding alone may make of a sum of squared residuals that is 0."""
        terms = np.abs(self.scales) @ np.linalg.norm(self.weights, axis=1) * np.linalg.norm(self.features, axis=1).max()
        return self.targets.size * (np.finfo(float).eps * terms) ** 2

    def states(self, epochs, progress):
        """Yield the weights at the given epochs; they are overwritten afterwards."""
        now = 0
        for epoch in epochs:
            wanted = int(epoch - now) * self.substeps
            done = self.method(wanted) if wanted else 0
            if done < wanted or not np.isfinite(self.outputs).all():
                raise ArithmeticError(
                    f"descent diverges after epoch {now + done // self.substeps}: learning_rate must make the step smaller "
                    f"than {self.step:.6g}; the linearised descent is stable below {self.stable_step:.6g}"
                )
            if progress is not None and epoch > now:
                progress(int(epoch - now))
            now = int(epoch)
            yield self.weights

    def _fused(self, epochs):
        done = 0
        with one_blas_thread():
            for part in in_parts(epochs, FUSED_WORK // (self.weights.size * self.targets.size)):
                taken = fused_descent(self.points, self.zero, *self._state(), part, self.limit)
                done += taken
                if taken < part:
                    break
        return done

    def _cold_hot(self, epochs):
        with one_blas_thread():
            products = self.features @ self.features.T
            norm = np.linalg.norm(self.points, 2)
        if self.halves is None:
            self.halves = _aligned(0.5 * _counts(self.active))
        gram = _aligned(self.step * self.scales[0] ** 2 * products)
        arguments = (
            self.points,
            self.zero,
            np.sqrt(np.diag(products)),
            norm,
            gram,
            self.targets,
            self.weights,
            self.scales,
            self.active,
            self.outputs,
            self.halves,
            _aligned(gram * self.halves),
            self.step,
            epochs,
            self.limit,
            kernels.rounding_allowance(self.zero, self.weights, self.scales, self.step),
        )
        counts, block = np.zeros(6, np.int64), np.array([self.block, 0.0])
        vectors, pairs, finished = np.zeros((4, self.targets.size)), _no_pairs(), False
        while not finished:
            with compiled_call(), one_blas_thread():
                finished, pairs = kernels.cold_hot_descent(*arguments, counts, block, vectors, pairs, COLD_HOT_WORK)
            look_up()
        done, *counters = counts[:4].tolist()
        self.block = block[0]
        self.counters = tuple(old + new for old, new in zip(self.counters, counters))
        return done

    def _blas(self, epochs):
        with one_blas_thread():
            return arrays.descend(self.features, self.points, *self._state(), epochs, self.limit)

    def _state(self):
        return self.targets, self.weights, self.scales, self.active, self.outputs, self.step


def _no_pairs():
    return np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0)


def _aligned(array):
    """Copy in rows that starts at a multiple of 64 bytes, where vectors load fastest; other arrays start at multiples of 16."""
    room = np.empty(array.size + 8)
    start = -room.ctypes.data % 64 // 8
    copy = room[start : start + array.size].reshape(array.shape)
    copy[...] = array
    return copy


def _counts(active):
    counts = np.zeros((active.shape[1],) * 2)
    with one_blas_thread():
        for first in range(0, len(active), ROWS):
            ones = active[first : first + ROWS].astype(np.float32)
            counts += ones.T @ ones
    return counts
