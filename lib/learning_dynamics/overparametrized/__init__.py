"""Paper 3: the dynamics of gradient descent for overparametrised neural networks."""

from learning_dynamics._names import public as _public
from learning_dynamics.overparametrized.mathematics.curve_tests import DrawTest, RatioTest, draw_test, published_curve, ratio_test
from learning_dynamics.overparametrized.mathematics.linearization import Linearization
from learning_dynamics.overparametrized.model import PolynomialData, TwoLayerRegression, polynomial_data
from learning_dynamics.overparametrized.simulation.training import Simulation, Training, simulate, train
from learning_dynamics.overparametrized.theory.bounds import (
    corollary8_bound,
    lemma1_bounds,
    lemma2_drift_bound,
    lemma2_residual_bound,
    lemma2_width,
    lemma5_bound,
    smallest_constant,
    theorem3_bound,
    theorem4_bound,
    theorem4_step,
    theorem4_width,
    theorem7_bound,
    theorem7_steps,
)
from learning_dynamics.overparametrized.theory.distance_from_span import (
    EscapeLimit,
    WidthFit,
    driven_escape,
    escape_limit,
    infinite_width,
    kink_paths,
    pairwise_escape,
)
from learning_dynamics.overparametrized.theory.linear_training import (
    LinearizedTraining,
    first_order_escape,
    initial_linearization,
    linearized_training,
    switched_share,
)
from learning_dynamics.overparametrized.theory.series import feature_norm2, kernel_coefficients, kernel_series, sphere_norm2
from learning_dynamics.overparametrized.theory.tangent_kernel import (
    kernel_matrix,
    kernel_regression,
    linearized_regression,
    network_kernel,
    smallest_angle,
    smallest_eigenvalue,
    squared_norm,
    tangent_kernel,
)

__all__ = _public(globals())
