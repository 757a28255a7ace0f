"""Timing, the machine's own rates, and the table."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits

from learning_dynamics.random_matrix.kernels.eigenmodes import decay


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: a plain way and ours, both to the same end.

    Attributes
    ----------
    name : str
        For the selection on the command line.
    title : str
        What is computed, with how many threads.
    plain_title : str
        What the plain way is.
    plain, ours : callable
        Called without arguments, in turns; the best times count.
    work : dict
        Least work of our way: number of "flops" in matrix products, of "exps".
    wanted : float, optional
        Ratio that we ask for.
    scale : float
        Plain times are multiplied by it, where only a part of the plain work is done.
    repeats : int
        Timings of each way.
    """

    name: str
    title: str
    plain_title: str
    plain: Callable
    ours: Callable
    work: dict
    wanted: float | None = None
    scale: float = 1.0
    repeats: int = 5


def measure_machine():
    """Rates of one thread: flops a second in a matrix product, and exponentials a second in a bare loop."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((768, 768))
    z = -rng.random(4096)
    _exponentials(z)
    with threadpool_limits(limits=1, user_api="blas"):
        product = min(seconds(lambda: a @ a) for _ in range(8))
    loop = min(seconds(lambda: [_exponentials(z) for _ in range(100)]) for _ in range(8))
    return {"flops": 2 * 768**3 / product, "exps": 100 * z.size / loop}


@njit
def _exponentials(z):
    """1 - e^z for every z, by the same polynomial as the kernels."""
    g = np.empty_like(z)
    for k in range(z.size):
        g[k] = decay(z[k])[1]
    return g


def seconds(function):
    """Seconds that one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def best(function):
    """Best of the calls that fit into a tenth of a second, at least one."""
    times = [seconds(function)]
    while sum(times) < 0.1:
        times.append(seconds(function))
    return min(times)


def row(case, rates):
    """Time a case and return its line of the table."""
    case.ours()
    turns = [(best(case.ours), case.scale * best(case.plain)) for _ in range(case.repeats)]
    ours, plain = (min(column) for column in zip(*turns))
    limit = sum(amount / rates[kind] for kind, amount in case.work.items())
    wanted = f" (wanted {case.wanted:g})" if case.wanted else ""
    cells = (
        case.name,
        case.title,
        f"{case.plain_title}: {_time(plain)}",
        _time(ours),
        f"{plain / ours:.3g}{wanted}",
        f"{ours / limit:.2g} x the limit of {_time(limit)}",
    )
    return "| " + " | ".join(cells) + " |"


def header():
    """Return the head of the table."""
    titles = ("name", "case", "plain way", "ours", "ratio", "distance from the machine")
    return "| " + " | ".join(titles) + " |\n|" + " --- |" * len(titles)


def _time(value):
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):  # noqa: B007  (used after the loop)
        if value >= size:
            break
    return f"{value / size:.3g} {unit}"
