"""Paper 2: learning time-scales in two-layers neural networks."""

from learning_dynamics.time_scales.hermite import (
    ACTIVATIONS,
    Activation,
    from_powers,
    hermite_coefficients,
    hermite_sum,
    shifted_relu,
    squared_norm,
)
from learning_dynamics.time_scales.integrator import StepLimitError
from learning_dynamics.time_scales.model import SingleIndex, uniform_start
from learning_dynamics.time_scales.order import (
    Extrapolation,
    Outlook,
    extrapolate,
    local_exponents,
    size_exponents,
    time_exponent,
    window_exponent,
)
from learning_dynamics.time_scales.overlaps import erf_kernel, power_series, relu_kernel
from learning_dynamics.time_scales.simulation.first_layer import population_descent
from learning_dynamics.time_scales.simulation.mean_field import (
    LearningTimes,
    MeanFieldFlow,
    learning_times,
    mean_field_flow,
)
from learning_dynamics.time_scales.simulation.networks import NetworkRun, draw_directions, network_flow, sgd
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
from learning_dynamics.time_scales.theory.times import (
    constant_time,
    finite_linear_time,
    least_risk,
    linear_time,
    linear_width,
    quadratic_time,
    random_start_distance,
    risk_floor,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Extrapolation",
    "LearningTimes",
    "MeanFieldFlow",
    "NetworkRun",
    "Outlook",
    "SingleIndex",
    "Stage",
    "StepLimitError",
    "blow_up_time",
    "constant_stage",
    "constant_time",
    "draw_directions",
    "erf_kernel",
    "extrapolate",
    "finite_linear_time",
    "from_powers",
    "hermite_coefficients",
    "hermite_sum",
    "learning_times",
    "least_risk",
    "linear_growth_stage",
    "linear_saturation_stage",
    "linear_time",
    "linear_width",
    "local_exponents",
    "mean_field_flow",
    "multipliers",
    "network_flow",
    "population_descent",
    "power_series",
    "quadratic_growth_stage",
    "quadratic_saturation_stage",
    "quadratic_time",
    "random_start_distance",
    "relu_kernel",
    "risk_floor",
    "sgd",
    "shifted_relu",
    "size_exponents",
    "squared_norm",
    "time_exponent",
    "uniform_start",
    "window_exponent",
]
