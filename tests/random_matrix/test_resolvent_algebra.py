"""The algebra behind the theorems in symbols: Woodbury's identity, isolated eigenvalue, residue (11), bulk part (12), overlap."""

import sympy as sp

theta, c, x, m, F = sp.symbols("theta c x m F", positive=True)
D = (theta + c) * m + 1


def reduced(expression, z):
    """The expression modulo the quadratic equation of m, as a polynomial remainder of its numerator."""
    numerator = sp.numer(sp.together(expression))
    return sp.rem(sp.expand(numerator), sp.expand(c * z * m**2 - (1 - c - z) * m + 1), m)


def z_of_m(value):
    return ((1 - c) * value - 1) / (value * (1 + c * value))


def test_the_inverse_of_the_transform():
    assert sp.simplify(c * z_of_m(m) * m**2 - (1 - c - z_of_m(m)) * m + 1) == 0


def test_the_noise_form_without_the_signal():
    """1 + z m~ = c (1 + z m) = c m/(1 + c m), the limit of y^T Z^T Q_0 Z y/n^2."""
    z = sp.Symbol("z")
    companion = c * m - (1 - c) / z
    assert sp.simplify(1 + z * companion - c * (1 + z * m)) == 0
    assert reduced(c * (1 + z * m) - c * m / (1 + c * m), z) == 0


def test_rank_one_signal_is_a_rank_two_change():
    """XX^T/n = ZZ^T/n + U M U^T with U = [mu, Zy/n] and y^T y = n."""
    p, n = 2, 3
    Z, mu = sp.Matrix(p, n, sp.symbols("z0:6")), sp.Matrix(sp.symbols("u0:2"))
    y = sp.Matrix([1, -1, 1])
    X, U = mu * y.T + Z, sp.Matrix.hstack(mu, Z * y / n)
    M = sp.Matrix([[1, 1], [1, 0]])
    assert sp.simplify(X * X.T / n - Z * Z.T / n - U * M * U.T) == sp.zeros(p)


def test_deterministic_equivalents():
    free = sp.diag(theta * m, c * m / (1 + c * m))
    forms = (free.inv() + sp.Matrix([[1, 1], [1, 0]])).inv()
    pull = sp.Matrix([1, 1])
    limits = {
        forms[0, 0]: theta * m * (1 + c * m) / D,
        forms[0, 1]: -theta * c * m**2 / D,
        forms[1, 1]: c * m * (1 + theta * m) / D,
        (forms[0, :] * pull)[0]: theta * m / D,
        (pull.T * forms * pull)[0]: 1 - 1 / D,
    }
    for form, limit in limits.items():
        assert sp.simplify(form - limit) == 0


class TestIsolatedEigenvalue:
    at = -1 / (theta + c)
    spike = c + 1 + theta + c / theta

    def test_location(self):
        assert sp.simplify(z_of_m(self.at) - self.spike) == 0
        assert sp.simplify(self.spike - (1 + theta) * (theta + c) / theta) == 0

    def test_it_leaves_the_bulk_at_the_threshold(self):
        assert sp.simplify(self.spike - (1 + sp.sqrt(c)) ** 2 - (theta - sp.sqrt(c)) ** 2 / theta) == 0

    def test_only_above_the_threshold_is_it_on_the_right_branch(self):
        """Outside the bulk m rises with z, so z(m) must rise there."""
        slope = sp.diff(z_of_m(m), m).subs(m, self.at)
        assert sp.simplify(slope - (theta + c) ** 2 * (theta**2 - c) / theta**2) == 0

    def residue(self, numerator):
        """Residue at the spike of numerator/D, by dz/dm."""
        slope = sp.diff(z_of_m(m), m).subs(m, self.at)
        return sp.simplify(numerator.subs(m, self.at) * slope / (theta + c))

    def test_residue_11(self):
        part = -self.residue(theta * m) * F / self.spike
        assert sp.simplify(part - (theta - c / theta) * F / self.spike) == 0

    def test_overlaps(self):
        with_mu = -self.residue(theta * m * (1 + c * m)) / theta
        assert sp.simplify(with_mu - (theta**2 - c) / (theta * (theta + c))) == 0
        assert sp.simplify(with_mu - (1 - c / theta**2) / (1 + c / theta)) == 0

    def test_share_of_the_labels(self):
        """The leading pair's part in y^T X^T Q X y/n^2 over its eigenvalue: squared cosine of its right vector with y."""
        share = self.residue(sp.Integer(1)) / self.spike
        assert sp.simplify(share - (theta**2 - c) / (theta * (1 + theta))) == 0


class TestBulkPart:
    """On the upper side of the bulk m = (1 - c - x + i r)/(2 c x) with r^2 = 4 c x - (1 - c - x)^2."""

    r = sp.Symbol("r", positive=True)
    upper = (1 - c - x + sp.I * r) / (2 * c * x)

    def with_r(self, expression):
        return sp.simplify(sp.expand(sp.expand(expression).subs(self.r**2, 4 * c * x - (1 - c - x) ** 2)))

    def test_r_is_the_square_root_over_the_edges(self):
        low, high = (1 - sp.sqrt(c)) ** 2, (1 + sp.sqrt(c)) ** 2
        assert sp.expand((x - low) * (high - x) - 4 * c * x + (1 - c - x) ** 2) == 0

    def test_modulus_of_the_denominator(self):
        value = D.subs(m, self.upper)
        spike = (1 + theta) * (theta + c) / theta
        modulus = sp.expand(sp.re(value) ** 2 + sp.im(value) ** 2)
        assert sp.simplify(self.with_r(modulus) - theta * (spike - x) / (c * x)) == 0

    def test_density_12(self):
        """The jump of mu^T Q X y/n over pi is the density sqrt(...)/(2 pi (l_s - x)) of the bulk part of E."""
        spike = (1 + theta) * (theta + c) / theta
        modulus = theta * (spike - x) / (c * x)
        jump = theta * sp.im(self.upper) / modulus / sp.pi
        assert sp.simplify(jump - self.r / (2 * sp.pi * (spike - x))) == 0

    def test_density_of_the_other_integrals(self):
        """The jump of 1 - 1/D over pi is (theta + c)/theta times the same density, as (5) and (7) say."""
        spike = (1 + theta) * (theta + c) / theta
        modulus = theta * (spike - x) / (c * x)
        jump = sp.im(D.subs(m, self.upper)) / modulus / sp.pi
        expected = (theta + c) / theta * self.r / (2 * sp.pi * (spike - x))
        assert sp.simplify(jump - expected) == 0


def test_the_total_mass_of_the_signal():
    """z mu^T Q X y/n tends to -mu^T Xy/n -> -theta far away, so the measure (8) has mass theta."""
    z = sp.Symbol("z")
    far = -1 / z - 1 / z**2
    assert sp.limit(z * (theta * m / D).subs(m, far), z, sp.oo) == -theta
