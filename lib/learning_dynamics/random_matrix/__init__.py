"""Paper 1: the dynamics of learning by random matrix theory."""

from learning_dynamics._names import public as _public
from learning_dynamics.random_matrix.mathematics.bilinear_forms import BilinearForms
from learning_dynamics.random_matrix.mathematics.labelled_pool import LabelledPool, labelled_pool, side_patches
from learning_dynamics.random_matrix.mathematics.noise_readings import (
    Reading,
    SignalLaw,
    noise_and_scale,
    power_measures,
    readings_of_the_text,
    signal_law,
)
from learning_dynamics.random_matrix.mathematics.spectral_filters import SpectralFilter, heavy_ball, ridge_flow, ridge_regression
from learning_dynamics.random_matrix.mathematics.whitening import (
    WhitenedMixture,
    add_noise,
    surrogate,
    whiten,
)
from learning_dynamics.random_matrix.model import AnisotropicMixture, MixtureClassification, classification_error
from learning_dynamics.random_matrix.simulation.anisotropic_descent import simulate_anisotropic
from learning_dynamics.random_matrix.simulation.averages import AverageTest, LeastTime, average_test, least_time
from learning_dynamics.random_matrix.simulation.descent import descent_weights
from learning_dynamics.random_matrix.simulation.ends_of_training import least_squares_weights, simulate_start
from learning_dynamics.random_matrix.simulation.experiment import Simulation, simulate
from learning_dynamics.random_matrix.simulation.finite_size import FiniteSize, SizeFit, finite_size
from learning_dynamics.random_matrix.simulation.minibatch_descent import simulate_minibatch, simulate_one_pass
from learning_dynamics.random_matrix.simulation.replicates import combined_error, replicate_test
from learning_dynamics.random_matrix.simulation.resolvent import resolvent_bilinear
from learning_dynamics.random_matrix.simulation.spectrum import (
    Concentration,
    LeadingPairs,
    SampleSpectrum,
    concentration,
    leading_pairs,
    sample_spectrum,
    spectra,
)
from learning_dynamics.random_matrix.simulation.training_by_filter import filtered_weights, simulate_filter
from learning_dynamics.random_matrix.simulation.training_on_digits import ErrorCounts, count_errors, simulate_pool
from learning_dynamics.random_matrix.simulation.training_on_labelled_pool import simulate_labelled
from learning_dynamics.random_matrix.theory.anisotropic_performance import (
    anisotropic_errors,
    anisotropic_final_error,
    anisotropic_statistics,
    anisotropic_stopping,
    mean_weights,
)
from learning_dynamics.random_matrix.theory.anisotropic_spectrum import companion_stieltjes, largest_eigenvalue
from learning_dynamics.random_matrix.theory.decay import decay_filter
from learning_dynamics.random_matrix.theory.equivalents import (
    deterministic_equivalents,
    signal_atom,
    signal_density,
    signal_parts,
    spike_overlap,
)
from learning_dynamics.random_matrix.theory.fitted_signal import fitted_mu_norm2
from learning_dynamics.random_matrix.theory.limits import (
    ScoreMoments,
    best_error,
    final_error,
    least_squares_error,
    many_samples_slope,
    many_samples_statistics,
    sample_size,
    taylor_error,
    taylor_statistics,
)
from learning_dynamics.random_matrix.theory.marchenko_pastur import expected_counts, mp_atom, mp_density, stieltjes
from learning_dynamics.random_matrix.theory.minibatch_performance import (
    largest_noisy_step,
    minibatch_errors,
    minibatch_statistics,
    one_pass_errors,
    one_pass_statistics,
)
from learning_dynamics.random_matrix.theory.paper_contours import ContourParts, Contours, contour_parts, contours
from learning_dynamics.random_matrix.theory.performance import (
    Statistics,
    generalization_error,
    noise_fit,
    start_kept,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.theory.performance_of_filters import filtered_errors, filtered_statistics
from learning_dynamics.random_matrix.theory.predicted_performance import Prediction, pool_errors, pool_model, predict
from learning_dynamics.random_matrix.theory.projections import projected_errors
from learning_dynamics.random_matrix.theory.rectangle_rule import rectangle_errors, rectangle_statistics
from learning_dynamics.random_matrix.theory.stopping import OptimalStopping, optimal_stopping, stopping_threshold

__all__ = _public(globals())
