"""Bad arguments of everything public: one sentence with the parameter, no warning, no change of what was given.

The bad values follow from the kind of the argument in the valid call of `public_calls`: those of `BAD` must be refused, those
of `odd`, of the right kind but of unusual size or shape, must be refused or give numbers.
"""

import dataclasses
import inspect
import linecache
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from learning_dynamics import datasets
from learning_dynamics.time_scales import StepLimitError
from tests.public_calls import PARTS, calls

CALLS = calls()
LIBRARY = Path(datasets.__file__).parent
OWN_ERRORS = (TypeError, ValueError, ArithmeticError, MemoryError, OverflowError, StepLimitError)
LONGEST = 400
HUGE = 10**5000
TABLE = np.ones((9, 99))

BAD = {
    "number": [None, "1", True, 1j, {}, [1.0, 2.0], TABLE, object(), np.nan, np.inf, -np.inf, HUGE, np.ma.masked],
    "integer": [None, "1", True, 1j, {}, 1.5, [1, 2], TABLE, object(), np.nan, np.inf, -HUGE],
    "yes or no": [None, "no", 1, 0.0, {}, [True]],
    "word": [None, 3, "", "Spectral", b"gd", ["gd"], {}, np.array(["gd", "flow"])],
    "array": [None, "1", True, 1j, {}, object(), [], [[]], [[1.0], [1.0, 2.0]], np.array([1.0, None, "x"], dtype=object),
              [True, False], ["a", "b"], [1.0, None], [np.nan, 1.0], [np.inf, 1.0], [1.0, 10**400],
              np.ma.masked_array([1.0, 2.0], mask=[False, True]), np.datetime64("2020-01-01")],
    "function": [None, "x", 1.0, {}],
    "object": [None, "x", 1.0, {}, [], object()],
}  # fmt: skip
LEGAL = {
    "inf": "random_matrix.SpectralFilter.stable_below time_scales.finite_linear_time.m time_scales.finite_linear_time.d "
    "time_scales.draw_directions.d time_scales.grouped_flow.m",
    "[-1.0]": "random_matrix.least_time.t",
    "[2.0, -1.0]": "random_matrix.least_time.t",
    "0.0": "overparametrized.feature_norm2.beta_norm",
    "[]": "time_scales.Activation.kinks",
    "'Spectral'": "time_scales.Activation.name",
    "''": "time_scales.Activation.name",
    "1j": "random_matrix.SampleSpectrum.forms.z random_matrix.deterministic_equivalents.z random_matrix.stieltjes.z "
    "random_matrix.companion_stieltjes.z "
    "random_matrix.resolvent_bilinear.z",
}
"""Values of `BAD` that an argument may have all the same."""
RANGES = {
    "positive": ([0.0, -1.0], "alpha level learning_rate gain height epsilon factor outside tolerance norm beta_norm t_end rtol"),
    "not negative": ([-1.0], "sigma2 penalty power constant lower_constant upper_constant second_constant variance linear start"),
    "a number of things": (
        [0, -1, HUGE],
        "p m n runs workers replicates test_size smallest_p doublings samples steps count terms",
    ),
    "a seed": ([-1], "seed degree derivative training_points"),
    "positive entries": ([[0.0], [-1.0]], "c_y delta angle residual distance norm2 eta"),
    "times": ([[-1.0], [2.0, -1.0]], "t times epochs"),
}
"""What is out of range, by the name of the parameter."""
NOT_FINITE = """
    random_matrix.stopping_threshold random_matrix.ridge_flow random_matrix.average_test random_matrix.simulate
    random_matrix.simulate_filter random_matrix.simulate_pool random_matrix.simulate_minibatch random_matrix.simulate_one_pass
    random_matrix.simulate_anisotropic random_matrix.simulate_labelled
    time_scales.SingleIndex.diagnose time_scales.learning_times time_scales.learning_times_of_run
""".split()
"""Documented results that are not finite: no threshold, stable for ever, not learnt, one draw."""
RESULTS = """
    AverageTest BilinearForms Concentration ContourParts Contours ErrorCounts FiniteSize LeadingPairs LeastTime OptimalStopping
    Reading SampleSpectrum ScoreMoments SignalLaw Simulation SizeFit Statistics WhitenedMixture Extrapolation LearningTimes
    LabelledPool Prediction
    MeanFieldFlow NetworkRun Outlook Stage StepLimitError ACTIVATIONS DrawTest Linearization LinearizedTraining PolynomialData
    RatioTest EscapeLimit WidthFit Training FigureDraws DataFileError OnesSevens WideDescents PublishedFigure DigitCounts
""".split()
"""Public names that nobody calls: what functions return or raise. Their methods have rows."""


def public_names():
    """Names of the parts and of their functions, classes and methods, as in the table of calls."""
    for part, module in PARTS.items():
        for name in module.__all__:
            if name not in RESULTS:
                yield f"{part}.{name}"
            if inspect.isclass(getattr(module, name)) and not issubclass(getattr(module, name), Exception):
                methods = (key for key, value in vars(getattr(module, name)).items() if inspect.isfunction(value))
                yield from (f"{part}.{name}.{method}" for method in methods if not method.startswith("_"))


def kind(value):
    """What sort of argument it is, from a value that is allowed."""
    if isinstance(value, (bool, int, float, str)):
        return {bool: "yes or no", int: "integer", float: "number", str: "word"}[type(value)]
    if isinstance(value, (list, tuple)):
        return "array"
    return "function" if callable(value) else "object"


def bad(name, argument, value):
    """Values that must be refused."""
    optional = parameters(name).get(argument, inspect.Parameter.empty) is None
    found = [wrong for wrong in BAD[kind(value)] if not (wrong is None and optional)]
    if kind(value) == "array":
        found.append(number for number in [1.0])  # made anew: a call may have emptied another one's
    for values, names in RANGES.values():
        if argument in names.split() and kind(values[0]) == kind(value):
            found += values
    return [wrong for wrong in found if f"{name}.{argument}" not in LEGAL.get(text_of(wrong), "").split()]


def text_of(value):
    return "a huge number" if isinstance(value, int) and abs(value) >= HUGE else repr(value)


def odd(value):
    """Values of the same kind that may be allowed."""
    if kind(value) == "number":
        return [0.0, -1.0, 1e-300, 1e300, np.float32(0.5), np.int8(1)]
    if kind(value) == "integer":
        return [-1, 0, 1, 2, np.int8(1), 10**15, HUGE]
    if kind(value) != "array" or np.array(value).dtype.kind not in "iufc":
        return []
    array = np.array(value)
    shapes = [array[:0], array[:1], array[None], np.concatenate([array, array]), array[..., None], 1]
    return [*shapes, 0 * array, -array, 1e-200 * array, 1e200 * array, np.asfortranarray(array)]


def parameters(name):
    """The parameters of a function with their defaults."""
    return {key: parameter.default for key, parameter in inspect.signature(CALLS[name][0]).parameters.items()}


def outcome(function, arguments):
    """Result and error of a call in which a warning is an error, and the names of the arguments that it has changed."""
    before = {name: snapshot(value) for name, value in arguments.items()}
    result = error = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = function(**arguments)
        except Exception as raised:
            error = raised
    return result, error, [name for name, value in arguments.items() if snapshot(value) != before[name]]


def snapshot(value):
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError):  # a generator, the lock of an object
        return None


def fault(error, names):
    """What is wrong with an error, or an empty text."""
    text = str(error)
    if type(error) not in OWN_ERRORS:
        return f"a {type(error).__name__}"
    if not raised_by_the_library(error):
        return f"a {type(error).__name__} from elsewhere"
    if "\n" in text or len(text) > LONGEST:
        return "no short sentence"
    if not any(re.search(rf"\b{re.escape(name)}\b", text) for name in names):
        return "no parameter"
    return ""


def raised_by_the_library(error):
    """Whether the innermost frame is a line of the library that says `raise`."""
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    path = Path(last.tb_frame.f_code.co_filename)
    return LIBRARY in path.parents and linecache.getline(str(path), last.tb_lineno).strip().startswith("raise")


def is_finite(value):
    """Whether all numbers of a result are finite."""
    if dataclasses.is_dataclass(value):
        return all(is_finite(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(is_finite, value))
    array = np.asarray(value) if isinstance(value, (float, complex, np.ndarray, np.number)) else np.zeros(0)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def refused_badly(name, argument, value):
    """What is wrong where a value must be refused, or an empty text."""
    function, arguments = CALLS[name]
    _, error, changed = outcome(function, arguments | {argument: value})
    if error is None:
        return "accepted"
    text = str(error)
    says = "must" in text and "got" in text
    return fault(error, [argument]) or ("" if says else "neither rule nor value") or " ".join(changed)


def taken_badly(name, argument, value):
    """What is wrong where a value may be refused, or an empty text."""
    function, arguments = CALLS[name]
    result, error, changed = outcome(function, arguments | {argument: value})
    if error is not None:
        return fault(error, [*parameters(name), *arguments, *fields_of(arguments.values())]) or " ".join(changed)
    if name not in NOT_FINITE and not is_finite(result):
        return "not finite"
    return " ".join(changed)


def fields_of(values):
    """The parameters of models that are arguments."""
    return [field.name for value in values if dataclasses.is_dataclass(value) for field in dataclasses.fields(value)]


def complaints(name, values, judge):
    """Lines about all arguments of a function."""
    found = []
    for argument, valid in CALLS[name][1].items():
        for value in values(name, argument, valid):
            if wrong := judge(name, argument, value):
                found.append(f"{argument}: {wrong}")
    return found


def test_everything_public_has_a_row():
    assert sorted(public_names()) == sorted(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_every_parameter_has_a_value(name):
    wanted = {key for key, value in parameters(name).items() if key not in ("options", "variables")}
    assert wanted <= set(CALLS[name][1])


@pytest.mark.parametrize("name", CALLS)
def test_a_valid_call(name):
    function, arguments = CALLS[name]
    _, error, changed = outcome(function, arguments)
    assert error is None
    assert not changed


@pytest.mark.parametrize("name", CALLS)
def test_bad_values_are_refused_in_one_sentence(name):
    assert not complaints(name, bad, refused_badly)


@pytest.mark.parametrize("name", CALLS)
def test_odd_values_give_numbers_or_one_sentence(name):
    assert not complaints(name, lambda _name, _argument, valid: odd(valid), taken_badly)


NARROW = (np.int8, np.uint8, np.int16, np.uint16)


@pytest.mark.parametrize("name", CALLS)
def test_narrow_integers_are_the_numbers_that_they_stand_for(name):
    """A count of NumPy's in one or two bytes gives the same result: nothing is computed in its type."""
    function, arguments = CALLS[name]
    expected = [snapshot(outcome(function, arguments)[0])]
    for argument, valid in arguments.items():
        for narrow in NARROW if kind(valid) == "integer" else ():
            if valid == narrow(valid % 2**7):
                result, error, _ = outcome(function, arguments | {argument: narrow(valid)})
                assert error is None, (argument, narrow)
                assert snapshot(result) in expected, (argument, narrow)
