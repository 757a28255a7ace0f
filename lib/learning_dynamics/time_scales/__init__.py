"""Paper 2: learning time-scales in two-layers neural networks."""

from learning_dynamics._names import public as _public
from learning_dynamics.time_scales.mathematics.hermite import (
    ACTIVATIONS,
    Activation,
    from_powers,
    hermite_coefficients,
    hermite_sum,
    shifted_relu,
    squared_norm,
)
from learning_dynamics.time_scales.mathematics.integrator import StepLimitError
from learning_dynamics.time_scales.mathematics.learning_order import (
    Extrapolation,
    Outlook,
    extrapolate,
    local_exponents,
    size_exponents,
    time_exponent,
    window_exponent,
)
from learning_dynamics.time_scales.mathematics.overlaps import erf_kernel, power_series, relu_kernel
from learning_dynamics.time_scales.model import SingleIndex, uniform_start
from learning_dynamics.time_scales.simulation.first_layer import population_descent
from learning_dynamics.time_scales.simulation.grouped_network import grouped_flow
from learning_dynamics.time_scales.simulation.mean_field import (
    LearningTimes,
    MeanFieldFlow,
    learning_times,
    mean_field_flow,
)
from learning_dynamics.time_scales.simulation.networks import (
    NetworkRun,
    draw_directions,
    learning_times_of_run,
    network_flow,
    sgd,
)
from learning_dynamics.time_scales.theory.learning_times import (
    constant_time,
    finite_linear_time,
    least_risk,
    linear_time,
    linear_width,
    quadratic_time,
    random_start_distance,
    risk_floor,
)
from learning_dynamics.time_scales.theory.stages import (
    Stage,
    blow_up_time,
    constant_stage,
    linear_growth_stage,
    linear_saturation_stage,
    multipliers,
    quadratic_growth_stage,
    quadratic_saturation_stage,
)

__all__ = _public(globals())
