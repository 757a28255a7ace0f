"""One valid call of everything public in the library: what `test_arguments` varies.

The type of an argument's value is its kind: a float, an int, a bool, a word, a function, a list of numbers, or an object of the
library.
"""

from functools import cache

import numpy as np

from learning_dynamics import datasets
from learning_dynamics import overparametrized as op
from learning_dynamics import random_matrix as rm
from learning_dynamics import time_scales as ts

PARTS = {"random_matrix": rm, "time_scales": ts, "overparametrized": op, "datasets": datasets}

MODEL = rm.MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
FILTER = rm.ridge_flow(alpha=0.01, penalty=0.1)
RNG = np.random.default_rng(0)
LABELS = np.repeat([-1.0, 1.0], 12).tolist()
POINTS = (RNG.standard_normal((24, 2)) + np.outer(LABELS, [2.0, 0.0])).tolist()
MIXTURE = rm.whiten(POINTS, LABELS)
POOL_MODEL = rm.MixtureClassification(mu_norm2=MIXTURE.mu_norm2, c=0.25, sigma2=0.1, alpha=0.01)
PIXELS = {"pixel_mean": 0.13, "pixel_variance": 0.09, "centred_power": 0.07}
DRAWS = RNG.random((8, 3)).tolist()
DATA = {"X": [[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], "y": [1.0, -1.0, 1.0], "w0": [0.1, 0.2]}

ANISOTROPIC = {"eigenvalues": [4.0, 1.0], "shares": [0.5, 0.5], "signal": [1.0, 3.0], "c": 0.5, "sigma2": 0.1, "alpha": 0.01}
TWO_ATOMS = rm.AnisotropicMixture(**ANISOTROPIC)
POOL = rm.labelled_pool(POINTS, LABELS)
OWN_MODEL = rm.pool_model(POOL, training_points=4, sigma2=0.1, alpha=0.1)
SLOPE = np.arange(40.0).reshape(4, 10).tolist()

PROBLEM = ts.SingleIndex(activation="relu", target=[1.0, -1.0, 2 / 3], epsilon=1e-2)
START = ts.uniform_start(4).tolist()
DIRECTIONS = ts.draw_directions(m=4, d=20, seed=0).tolist()
EPSILONS, VALUES = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6], [1.0, 0.5, 0.2, 0.1, 0.05]

NETWORK = op.TwoLayerRegression(inputs=[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], targets=[0.5, 1.0, 0.0], width=8, learning_rate=0.05)
WEIGHTS, SIGNS = (array.tolist() for array in NETWORK.draw(seed=1))
LINEAR = op.initial_linearization(NETWORK, WEIGHTS, SIGNS)
PLACES = [[0.5, 0.5], [1.0, -1.0]]
SIZES = {"n": [100.0], "d": [5.0], "c": [0.5], "c_y": [3.0], "delta": [0.1]}


@cache
def published():
    """The figure of paper 3 as printed."""
    return datasets.published_figure("satpathi-srikant-2021", 1)


def calls():
    """Return everything public with a valid call: name of the part and of the function, class or method -> function, arguments."""
    table = {}
    for part, rows in (
        ("random_matrix", _random_matrix()),
        ("time_scales", _time_scales()),
        ("overparametrized", _overparametrized()),
        ("datasets", _datasets()),
    ):
        for name, row in rows.items():
            owner, _, method = name.partition(".")
            function = getattr(row[0], method) if method else getattr(PARTS[part], owner)
            table[f"{part}.{name}"] = function, row[-1]
    return table


def _random_matrix():
    timed = ((), {"model": MODEL, "t": [1.0, 10.0]})
    drawn = {"model": MODEL, "p": 8, "runs": 2, "seed": 1, "workers": 1}
    sizes = {"model": MODEL, "smallest_p": 4, "doublings": 1, "runs": 8, "seed": 1, "workers": 1}
    pool = {"mixture": MIXTURE, "model": POOL_MODEL, "t": [1.0, 10.0], "runs": 2, "seed": 1, "dynamics": "gd", "workers": 1}
    at = ["statistics", "generalization_error", "training_error"]
    of_time = ["signal_parts", "many_samples_slope", "many_samples_statistics", "taylor_error", "taylor_statistics"]
    of_model = ["final_error", "least_squares_error", "optimal_stopping", "signal_atom", "spike_overlap"]
    return {
        "MixtureClassification": ({"mu_norm2": 4.0, "c": 0.5, "sigma2": 0.1, "alpha": 0.01},),
        "AnisotropicMixture": (ANISOTROPIC,),
        "SpectralFilter": ({"start": FILTER.start, "learnt": FILTER.learnt, "stable_below": 3.0, "whole_steps": False},),
        "SampleSpectrum.forms": (rm.sample_spectrum(MODEL, p=8, seed=1), {"z": [-1.0, 1j]}),
        "SignalLaw.p_value": (rm.signal_law(POINTS, LABELS, power=0.1, scale=1.0), {"value": 1.0}),
        "WhitenedMixture.points": (MIXTURE, {"index": [0, 3]}),
        "WhitenedMixture.margins": (MIXTURE, {"weights": [[1.0, 0.0]]}),
        **{name: ({**timed[1], "method": "spectral", "dynamics": "flow"},) for name in at},
        **dict.fromkeys(of_time, (timed[1],)),
        **{name: ({"model": MODEL},) for name in of_model},
        **{name: ({**timed[1], "dynamics": "flow"},) for name in ("noise_fit", "start_kept")},
        **{
            name: ({**timed[1], "left": -0.5, "right": 8.0, "height": 0.5, "step": 0.05, "rule": "midpoint"},)
            for name in ("rectangle_errors", "rectangle_statistics")
        },
        **{name: ({**timed[1], "spectral_filter": FILTER},) for name in ("filtered_errors", "filtered_statistics")},
        **{name: ({"mu_norm2": 4.0, "c": 2.0},) for name in ("best_error", "stopping_threshold")},
        **dict.fromkeys(("simulate_pool", "count_errors"), (pool,)),
        "contour_parts": ({**timed[1], "height": 0.1},),
        "contours": ({"model": MODEL, "height": 0.1, "exponent": 1.0},),
        "deterministic_equivalents": ({"model": MODEL, "z": [-1.0, 1j]},),
        "signal_density": ({"model": MODEL, "x": [0.5, 1.0]},),
        "expected_counts": ({"model": MODEL, "edges": [0.0, 1.0, 8.0], "p": 16},),
        "fitted_mu_norm2": (
            {"model": MODEL, "t": [10.0, 50.0], "training": [0.2, 0.02], "generalization": [0.2, 0.05], "factor": 1.2},
        ),
        "projected_errors": ({"mixture": MIXTURE, "model": POOL_MODEL, "t": [1.0], "training_points": 4, "dynamics": "flow"},),
        "sample_size": ({"error": 0.05, "mu_norm2": 4.0, "p": 256},),
        "mp_atom": ({"c": 2.0},),
        "mp_density": ({"x": [0.5, 1.0], "c": 0.5},),
        "stieltjes": ({"z": [-1.0, 1j], "c": 0.5},),
        "decay_filter": ({"x": [0.5], "t": [1.0, 2.0], "alpha": 0.1, "dynamics": "gd"},),
        "heavy_ball": ({"alpha": 0.1, "momentum": 0.5, "penalty": 0.1},),
        "ridge_flow": ({"alpha": 0.1, "penalty": 0.1},),
        "ridge_regression": ({},),
        "classification_error": ({"margin_mean": [1.0, 2.0], "margin_variance": [1.0, 0.0]},),
        "descent_weights": ({**DATA, "alpha": 0.1, "t": [0.0, 3.0], "dynamics": "gd", "method": "eigen"},),
        "filtered_weights": ({**DATA, "spectral_filter": FILTER, "t": [0.0, 3.0]},),
        "least_squares_weights": ({"X": DATA["X"], "y": DATA["y"]},),
        "simulate": (
            drawn
            | {
                "t": [1.0],
                "dynamics": "gd",
                "method": "eigen",
                "class_proportions": [0.5, 0.5],
                "mean_direction": 8 * [1.0],
                "test_size": 10,
                "counted_class": 1,
                "draws": "points",
            },
        ),
        "simulate_filter": (
            drawn
            | {
                "t": [1.0],
                "spectral_filter": FILTER,
                "class_proportions": [0.5, 0.5],
                "mean_direction": 8 * [1.0],
                "draws": "banded",
            },
        ),
        **{
            name: ({"model": MODEL, "t": [1, 10], "batch_ratio": 0.5, "replacement": False},)
            for name in ("minibatch_errors", "minibatch_statistics")
        },
        **{name: ({"model": MODEL, "t": [1, 10], "batch_ratio": 0.5},) for name in ("one_pass_errors", "one_pass_statistics")},
        **{
            name: ({"model": TWO_ATOMS, "t": [1.0, 10.0], "dynamics": "flow"},)
            for name in ("anisotropic_errors", "anisotropic_statistics", "mean_weights")
        },
        **{name: ({"model": TWO_ATOMS},) for name in ("anisotropic_final_error", "largest_eigenvalue")},
        "anisotropic_stopping": ({"model": TWO_ATOMS, "longest": 100.0},),
        "companion_stieltjes": ({"model": TWO_ATOMS, "z": [-1.0 + 1j, 1j]},),
        "simulate_anisotropic": (drawn | {"model": TWO_ATOMS, "t": [1.0], "dynamics": "gd"},),
        "labelled_pool": ({"X": POINTS, "y": LABELS},),
        "side_patches": ({"image": SLOPE, "size": 2, "step": 3},),
        "pool_model": ({"pool": POOL, "training_points": 4, "sigma2": 0.1, "alpha": 0.1},),
        "pool_errors": ({"pool": POOL, "model": OWN_MODEL, "t": [1.0, 3.0], "training_points": 4},),
        "simulate_labelled": (
            {"pool": POOL, "model": OWN_MODEL, "t": [1.0], "training_points": 4, "runs": 2, "seed": 1, "workers": 1},
        ),
        "predict": ({"X": POINTS, "y": LABELS, "training_points": 4, "sigma2": 0.1, "alpha": 0.1, "t": [1.0, 3.0], "seed": 1},),
        "largest_noisy_step": ({"model": MODEL, "batch_ratio": 0.01, "replacement": False},),
        "simulate_minibatch": (drawn | {"t": [1, 3], "batch": 4, "replacement": False},),
        "simulate_one_pass": (drawn | {"t": [1, 3], "batch": 4},),
        "simulate_start": (drawn | {"t": [1.0], "dynamics": "gd"},),
        "spectra": (drawn | {"signal": True},),
        "leading_pairs": (drawn,),
        "sample_spectrum": ({"model": MODEL, "p": 8, "seed": 1, "class_proportions": [0.5, 0.5]},),
        "concentration": (sizes | {"z": [-1.0, 1j]},),
        "finite_size": (sizes | {"t": [1.0, 10.0], "dynamics": "gd", "spectral_filter": FILTER, "draws": "banded"},),
        "resolvent_bilinear": (
            {
                "eigenvalues": [1.0, 2.0],
                "eigenvectors": [[1.0, 0.0], [0.0, 1.0]],
                "a": [1.0, 0.0],
                "b": [1.0, 1.0],
                "z": [-1.0, 1j],
            },
        ),
        "add_noise": ({"points": POINTS, "power": 0.1, "seed": 1},),
        "whiten": ({"points": POINTS, "labels": LABELS, "scale": 2.0},),
        "surrogate": ({"mixture": MIXTURE, "kind": "permuted", "seed": 1},),
        "signal_law": ({"points": POINTS, "labels": LABELS, "power": 0.1, "scale": 1.0},),
        "noise_and_scale": ({"points": POINTS, "reading": "power ratio", "decibel": -10.0, **PIXELS},),
        "power_measures": ({"points": POINTS, **PIXELS},),
        "readings_of_the_text": ({"powers": {"mean square": 0.1}, "decibel": -10.0},),
        "average_test": ({"curve": [0.5, 0.5, 0.5], "errors_of_runs": DRAWS, "runs": 4, "replicates": 20, "seed": 1},),
        "least_time": ({"t": [1.0, 2.0, 3.0], "errors_of_runs": DRAWS, "replicates": 20, "seed": 1},),
        "replicate_test": ({"curve": [0.5, 0.5, 0.5], "replicates": DRAWS, "draws": 20, "seed": 1},),
        "combined_error": ({"errors": [3.0, 4.0], "draws": [41, 5]},),
    }


def _time_scales():
    started = {"problem": PROBLEM, "a0": START}
    early = started | {"tau": [0.1, 0.2]}
    run = started | {"directions": DIRECTIONS, "times": [0.0, 0.01]}
    flow = ts.mean_field_flow(PROBLEM, START, t_end=1.0)
    stage = ts.quadratic_growth_stage(PROBLEM, START, [0.0, 0.1], start=0.1)
    return {
        "SingleIndex": ({"activation": "relu", "target": [1.0, -1.0, 0.5], "epsilon": 0.01, "degree": 3},),
        "SingleIndex.diagnose": (PROBLEM, {"a0": START}),
        "Activation": ({"function": np.tanh, "kinks": [0.0], "name": "mine"},),
        **dict.fromkeys(("blow_up_time", "constant_time", "linear_time"), (started,)),
        **dict.fromkeys(("constant_stage", "linear_growth_stage", "linear_saturation_stage"), (early,)),
        **{name: (early | {"start": 0.1},) for name in ("quadratic_growth_stage", "quadratic_saturation_stage")},
        "quadratic_time": (started | {"linear": 0.1, "saturated": False},),
        "finite_linear_time": ({"problem": PROBLEM, "m": 100, "d": 1000, "variance": 0.3, "saturated": False},),
        "linear_width": ({"problem": PROBLEM, "upper": 0.75, "lower": 0.25},),
        "least_risk": ({"problem": PROBLEM, "m": 5},),
        "risk_floor": ({"problem": PROBLEM},),
        "multipliers": ({"problem": PROBLEM, "stage": stage},),
        "learning_times": ({"flow": flow, "level": 0.5, "tolerance": 0.01},),
        "mean_field_flow": (started | {"t_end": 1.0, "rtol": 1e-6, "times": [0.5], "method": "rodas4", "max_steps": 10_000},),
        "network_flow": (run | {"rtol": 1e-6, "kernel": "series", "method": "overlaps", "max_steps": 1000},),
        "grouped_flow": (started | {"m": 2 * len(START), "times": [0.0, 0.01], "rtol": 1e-6, "max_steps": 1000},),
        "learning_times_of_run": (
            {"problem": PROBLEM, "run": ts.grouped_flow(PROBLEM, START, m=8, times=[0.0, 0.1]), "level": 0.5},
        ),
        "sgd": (run | {"d": 20, "step": 5e-4, "seed": 1},),
        "population_descent": (
            {"problem": PROBLEM, "weights": [[1.0, 1.0], [1.0, -1.0]], "signs": [1.0, -1.0], "step": 0.01, "epochs": [0, 3]},
        ),
        "draw_directions": ({"m": 3, "d": 10, "seed": 1},),
        **{name: ({"r": [0.5, 1.0], "derivative": 0},) for name in ("relu_kernel", "erf_kernel")},
        "power_series": ({"coefficients": [1.0, 2.0], "s": [0.5], "derivative": 1},),
        "extrapolate": ({"epsilon": EPSILONS, "values": VALUES, "power": 0.1},),
        "local_exponents": ({"epsilon": EPSILONS, "values": VALUES},),
        "from_powers": ({"coefficients": [1.0, 2.0]},),
        "hermite_sum": ({"coefficients": [1.0, 2.0], "x": [0.5]},),
        "hermite_coefficients": ({"activation": "relu", "degree": 3, "tolerance": 1e-10},),
        "squared_norm": ({"activation": "relu", "tolerance": 1e-10},),
        "random_start_distance": ({"m": 5},),
        "uniform_start": ({"m": 5},),
        "shifted_relu": ({"shift": 0.5},),
        "size_exponents": ({"degree": 3},),
        "time_exponent": ({"degree": 3, "after": 1},),
        "window_exponent": ({"degree": 3},),
    }


def _overparametrized():
    start = {"model": NETWORK, "weights": WEIGHTS, "signs": SIGNS}
    options = {"epochs": [0, 3], "dynamics": "gd", "method": "fused", "tolerance": 1e-3, "points": PLACES, "progress": id}
    data = op.polynomial_data(seed=0, n=6, d=3)
    result = op.simulate(NETWORK, epochs=[0, 1], runs=2, seed=1)
    matrix = {"weights": WEIGHTS}
    return {
        "TwoLayerRegression": (
            {
                "inputs": PLACES,
                "targets": [1.0, 0.0],
                "width": 4,
                "learning_rate": 0.1,
                "loss": "mean",
                "gain": 1.0,
                "bias": True,
                "initialization": "normal",
                "scale": 1.0,
                "antisymmetric": False,
            },
        ),
        "TwoLayerRegression.loss_of": (NETWORK, {"squares": [1.0, 2.0]}),
        "TwoLayerRegression.extend": (NETWORK, {"points": PLACES}),
        "TwoLayerRegression.draw": (NETWORK, {"seed": 1}),
        "TwoLayerRegression.network": (NETWORK, {"weights": WEIGHTS, "signs": SIGNS}),
        "TwoLayerRegression.outputs": (NETWORK, {"weights": WEIGHTS, "signs": SIGNS, "points": PLACES}),
        "PolynomialData.target": (data, {"points": [[1.0, 0.0, 0.0]]}),
        "PolynomialData.fresh": (data, {"count": 2, "seed": 1}),
        "Simulation.mean": (result, {"name": "loss"}),
        "Simulation.deviation": (result, {"name": "loss"}),
        **{f"Linearization.{name}": (LINEAR, {"vector": [1.0, 0.0, 1.0]}) for name in ("solve", "gradient_product")},
        **{f"Linearization.{name}": (LINEAR, {"direction": WEIGHTS}) for name in ("gradient_adjoint", "project")},
        **{f"Linearization.{name}": (LINEAR, matrix) for name in ("outputs_at", "flipped", "distances")},
        "Linearization.switched_product": (LINEAR, matrix | {"vector": [1.0, 0.0, 1.0]}),
        "polynomial_data": ({"seed": 1, "n": 6, "d": 3, "degree": 2, "norm": 1.0, "standardize": True, "beta_norm": 1.0},),
        "train": (start | options,),
        "simulate": ({"model": NETWORK, "runs": 2, "seed": 1, "workers": 1} | options,),
        "initial_linearization": (start,),
        "linearized_regression": (start | {"points": PLACES},),
        "linearized_training": ({"model": NETWORK, "epochs": [0.0, 3.0], "linearization": LINEAR, "dynamics": "gd"},),
        "first_order_escape": ({"model": NETWORK, "linearization": LINEAR, "epochs": [0.0, 3.0], "steps": 5},),
        "escape_limit": ({"model": NETWORK, "epochs": [0.0, 3.0], "linearization": LINEAR, "samples": 8, "steps": 5, "seed": 1},),
        **{
            name: ({"model": NETWORK, "linearization": LINEAR, "epochs": [0.0, 3.0], "steps": 5},)
            for name in ("driven_escape", "pairwise_escape")
        },
        "kink_paths": (
            {
                "model": NETWORK,
                "epochs": [0.0, 3.0],
                "point": 1,
                "heights": [-1.0, 1.0],
                "sign": 1,
                "linearization": LINEAR,
                "steps": 5,
                "seed": 1,
            },
        ),
        "infinite_width": ({"widths": [100.0, 200.0, 400.0, 800.0], "values": [1.0, 1.1, 1.2, 1.1]},),
        "switched_share": ({"model": NETWORK, "epochs": [0.0, 3.0], "samples": 1000, "seed": 1},),
        **{name: ({"model": NETWORK},) for name in ("kernel_matrix", "smallest_angle", "smallest_eigenvalue")},
        "squared_norm": ({"model": NETWORK, "targets": [1.0, 0.0, 1.0]},),
        "kernel_regression": ({"model": NETWORK, "points": PLACES, "targets": [1.0, 0.0, 1.0]},),
        "network_kernel": ({"model": NETWORK, "weights": WEIGHTS, "x": PLACES, "z": PLACES},),
        "tangent_kernel": ({"x": PLACES, "z": PLACES, "bias": True, "gain": 1.0},),
        "kernel_coefficients": ({"count": 4, "dimension": 3, "bias": True, "norm": 1.0, "scaled": False},),
        "kernel_series": ({"products": [0.5, 1.0], "terms": 4, "dimension": 3, "bias": True, "norm": 1.0},),
        "feature_norm2": ({"degree": 2, "dimension": 3, "beta_norm": 1.0, "bias": True},),
        "sphere_norm2": ({"degree": 2, "dimension": 3, "bias": True},),
        "lemma1_bounds": ({"n": [100.0], "d": [5.0], "angle": [0.1], "lower_constant": 1.0, "upper_constant": 1.0},),
        "lemma2_width": (SIZES | {"constant": 1.0},),
        "theorem4_width": (SIZES | {"constant": 1.0},),
        "lemma2_residual_bound": ({"t": [1.0], "c": [0.5], "residual": [1.0]},),
        "lemma2_drift_bound": ({"n": [100.0], "d": [5.0], "m": [1e4], "c": [0.5], "residual": [1.0], "constant": 1.0},),
        "lemma5_bound": (
            {"epochs": [3.0], "eta": [0.1], "n": [100.0], "c": [0.5], "norm2": [1.0], "constant": 1.0, "second_constant": 0.5},
        ),
        "theorem3_bound": (SIZES | {"t": [1.0], "m": [1e4], "distance": [1.0], "constant": 1.0},),
        "theorem4_bound": (SIZES | {"epochs": [3.0], "eta": [0.1], "m": [1e4], "distance": [1.0], "constant": 1.0},),
        "theorem4_step": ({"n": [100.0], "d": [5.0], "c": [0.5], "constant": 1.0},),
        "theorem7_bound": ({"n": [100.0], "d": [5.0], "delta": [0.1], "norm2": [1.0], "constant": 1.0},),
        "theorem7_steps": ({"n": [100.0], "eta": [0.1], "c": [0.5], "norm2": [1.0], "constant": 1.0},),
        "corollary8_bound": ({"n": [100.0], "d": [5.0], "degree": [2.0], "delta": [0.1], "constant": 1.0},),
        "smallest_constant": ({"bound": op.theorem4_step, "measured": [1.0], "n": [100.0], "d": [5.0], "c": [0.5]},),
        "draw_test": ({"curve": [0.5, 0.5, 0.5], "draws": DRAWS, "components": 2},),
        "published_curve": ({"figure": published(), "panel": "a", "width": 1000},),
        "ratio_test": (
            {
                "figure": published(),
                "stored": datasets.figure_draws(),
                "above": ("a", 1000),
                "below": ("a", 2000),
                "outside": 1.0,
            },
        ),
    }


def _datasets():
    return {
        "mnist_ones_sevens": ({},),
        "wide_descents": ({},),
        "digit_counts": ({},),
        "figure_draws": ({},),
        "published_figure": ({"paper": "satpathi-srikant-2021", "figure": 1},),
        "WideDescents.means": (datasets.wide_descents(), {"name": "loss", "epoch": 1000}),
        "DigitCounts.of": (datasets.digit_counts(), {"reading": "power ratio", "kind": "training", "digit_class": 1}),
        "FigureDraws.curves": (datasets.figure_draws(), {"name": "distance", "width": 1000, "epochs": [10.0, 100.0]}),
    }
