"""Claims of paper 1 that are algebra, derived symbolically, and the places where the print fails."""

import pytest
import sympy as sp

MU2, C, S, ALPHA, T, Z = sp.symbols("mu2 c s alpha t z", positive=True)
STEP = ALPHA * T
MOMENT_1, MOMENT_2 = 1, 1 + C  # of the Marchenko-Pastur law
TAYLOR_E = MU2 * STEP
TAYLOR_V = (MU2 + C + C * S) * STEP**2 + S * (STEP - 1) ** 2
LEVEL = 1 + MU2


def vanishes(expression):
    return sp.simplify(expression) == 0


def stieltjes_at_0(branch):
    """First two terms of m at 0: the regular branch for c < 1, the one with the pole of the atom for c > 1."""
    lowest = 0 if branch == "c < 1" else -1
    first, second = sp.symbols("first second")
    m = (first + second * Z) * Z**lowest
    equation = sp.expand((C * Z * m**2 - (1 - C - Z) * m + 1) / Z**lowest)
    (root,) = (root for root in sp.solve(equation.coeff(Z, 0), first) if root != 0)
    (slope,) = sp.solve(equation.coeff(Z, 1).subs(first, root), second)
    return m.subs({first: root, second: slope})


def residue_at_0(function, order):
    regular = sp.cancel(sp.together(function * Z**order))
    return sp.diff(regular, Z, order - 1).subs(Z, 0)


def least_squares_moments(branch):
    """E and V of the theorems for f_t = 0 off 0. Off the bulk the integrands have a pole at 0 only."""
    m = stieltjes_at_0(branch)
    D = (MU2 + C) * m + 1
    E = residue_at_0(MU2 * m / (Z * D), 1)
    V = -residue_at_0(1 / (Z**2 * D), 2 if branch == "c < 1" else 1)
    return sp.factor(E), sp.factor(V)


def test_moments_of_the_law():
    transform = sum(moment * -(Z ** -(k + 1)) for k, moment in enumerate((1, MOMENT_1, MOMENT_2)))
    equation = sp.expand(C * Z * transform**2 - (1 - C - Z) * transform + 1)
    assert all(vanishes(equation.coeff(Z, -k)) for k in range(3))


class TestLeastSquares:
    @pytest.mark.parametrize(("branch", "loss"), [("c < 1", 1 - C), ("c > 1", 1 - 1 / C)])
    def test_equation_10(self, branch, loss):
        E, V = least_squares_moments(branch)
        assert vanishes(E**2 / V - MU2**2 / (MU2 + C) * loss)

    def test_the_end_of_training_is_approached_from_below_for_c_at_most_1(self):
        E, V = least_squares_moments("c < 1")
        root = sp.symbols("r", positive=True)
        ratio = sp.simplify(((MU2 + C) / MU2 * E / ((1 - sp.sqrt(C)) ** 2 * V)).subs(C, root**2))
        assert vanishes(ratio - (1 + MU2) * (1 + root) / (1 - root))

    def test_the_threshold_of_the_initial_variance(self):
        E, V = least_squares_moments("c > 1")
        root = sp.symbols("r", positive=True)
        balance = (MU2 + C) / MU2 * E - (sp.sqrt(C) - 1) ** 2 * (V + S * (1 - 1 / C))
        (threshold,) = sp.solve(balance.subs(C, root**2), S)
        ours = root**2 / ((root - 1) ** 3 * (root + 1)) * (1 - (root - 1) / (root + 1) * root**2 / (MU2 + root**2))
        assert vanishes(threshold - ours)


class TestSmallTimes:
    def test_moments(self):
        start = 1 - 2 * STEP * MOMENT_1 + STEP**2 * MOMENT_2
        V = (MU2 + C) / MU2 * STEP**2 * MU2 + S * start
        assert vanishes(V - TAYLOR_V)

    def test_the_margin_is_largest_at_one_over_alpha(self):
        slope = sp.diff(TAYLOR_E / sp.sqrt(TAYLOR_V), T)
        assert sp.solve(sp.numer(sp.together(slope)), T) == [1 / ALPHA]
        peak = (TAYLOR_E / sp.sqrt(TAYLOR_V)).subs(T, 1 / ALPHA)
        assert vanishes(peak - MU2 / sp.sqrt(MU2 + C + C * S))

    def test_the_printed_slope_lacks_the_squared_norm_of_mu(self):
        slope = sp.diff(TAYLOR_E / sp.sqrt(TAYLOR_V), T)
        printed = ALPHA * (1 - STEP) * S / TAYLOR_V ** sp.Rational(3, 2)
        assert vanishes(slope - MU2 * printed)
        assert not vanishes(slope - printed)
        printed_at_0 = ALPHA / sp.sqrt(S)
        assert vanishes(slope.subs(T, 0) - MU2 * printed_at_0)

    def test_with_V_expanded_to_second_order_the_maximum_is_there_too(self):
        V = (MU2 + C) * STEP**2 + S * (1 - 2 * STEP + 2 * STEP**2 * MOMENT_2)
        margin = TAYLOR_E / sp.sqrt(V)
        assert vanishes(sp.diff(margin, T).subs(T, 1 / ALPHA))
        assert vanishes(margin.subs(T, 1 / ALPHA) - MU2 / sp.sqrt(MU2 + C + S * (1 + 2 * C)))


class TestManySamples:
    def test_the_slope_of_the_margin(self):
        f_signal, f_noise = sp.exp(-STEP * LEVEL), sp.exp(-STEP)
        g = (1 - f_signal) / LEVEL
        E, V = MU2 * g, MU2 * g**2 + S * f_noise**2
        printed = ALPHA * S * MU2 * f_noise**2 * (MU2 * f_signal + 1) / LEVEL / V ** sp.Rational(3, 2)
        assert vanishes(sp.expand((sp.diff(E, T) * V - E * sp.diff(V, T) / 2 - printed * V ** sp.Rational(3, 2)) * LEVEL))

    def test_the_bound_is_reached_at_the_end(self):
        assert vanishes(sp.limit(MU2 / sp.sqrt(MU2 + C), C, 0) - sp.sqrt(MU2))


class TestRemark1:
    def test_least_number_of_points(self):
        q, p, n = sp.symbols("q p n", positive=True)
        (least,) = sp.solve(MU2**2 / (MU2 + p / n) - q**2, n)
        assert vanishes(least - p * q**2 / (MU2 * (MU2 - q**2)))


class TestFilters:
    def test_heavy_ball_in_closed_form(self):
        """Against the roots of the characteristic polynomial, at numbers that are exact."""
        alpha, beta, y = sp.Rational(1, 4), sp.Rational(1, 2), sp.Rational(3, 5)
        r = sp.symbols("r")
        first, second = sp.solve(r**2 - (1 + beta - alpha * y) * r + beta, r)
        weight = (1 - alpha * y - second) / (first - second)
        from learning_dynamics.random_matrix import heavy_ball

        t = [0, 1, 2, 3, 17, 40]
        ours = heavy_ball(alpha=float(alpha), momentum=float(beta)).start([float(y)], t)[:, 0]
        exact = [complex(sp.N(weight * first**k + (1 - weight) * second**k, 30)) for k in t]
        assert ours == pytest.approx([value.real for value in exact], abs=1e-15)
