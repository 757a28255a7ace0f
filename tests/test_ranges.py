"""What the help of a chapter announces, runs: its ranges, and what it needs of parameters together, against the library.

The long walk, over both ends of every range and random points of every chapter, is ``python -m pytest -m nightly tests/test_ranges.py``.
"""

import re
from itertools import chain, islice

import numpy as np
import pytest

from learning_dynamics import datasets
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.overparametrized import TwoLayerRegression, initial_linearization, linearized_training, polynomial_data
from learning_dynamics.random_matrix import (
    MixtureClassification,
    add_noise,
    noise_and_scale,
    sample_size,
    start_kept,
    training_error,
    whiten,
)

from .chapters import CHAPTERS, NO_NUMBER, SMALL, Knobs, accepted_points, capped, drawn_points, ends, fitting, knobs, run
from .test_book import cells

ENDS = [
    (name, parameter.name, end) for name in CHAPTERS for parameter in knobs(name).declared.values() for end in ends(parameter)
]
NEEDS = [(name, number) for name in CHAPTERS for number in range(len(knobs(name).needs))]
POINTS = 40
MOST_POINTS = 16_000 * 2**8  # the 4 million of the chapter, for a bound that reads well
PIXELS = ("pixel_mean", "pixel_variance", "centred_power")
SEED = 1311  # fixed before the first run


def refuses(check, *arguments, **options):
    """Whether a call ends in an error of the library."""
    try:
        check(*arguments, **options)
    except (ValueError, ArithmeticError):
        return True
    return False


def points(chapter, count=POINTS):
    """So many random points of each sort, whether they go together or not: with the right multiples, the same at ends, and any at ends."""
    inside, outer = drawn_points(chapter, seed=SEED), drawn_points(chapter, seed=SEED + 1, at_ends=0.5)
    multiples = (fitting(chapter, values) for values in chain.from_iterable(zip(inside, outer)))
    return [*islice(multiples, 2 * count), *islice(outer, count)]


def verdicts(chapter, causes, count=400):
    """For random points: whether the chapter's needs refuse it, and which causes do; each must occur alone, and none."""
    found = [
        (bool(knobs(chapter).refusal(values)), {name for name, holds in causes.items() if holds(**values)})
        for values in points(chapter, count)
    ]
    for alone in (set(), *({name} for name in causes)):
        assert any(those == alone for _, those in found), alone
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_defaults_presets_and_small_sizes_are_accepted(chapter):
    presets = [load_registry().preset(chapter, preset) for preset in ("paper", "quick", "large")]
    for values in (*presets, SMALL[chapter]):
        assert not knobs(chapter).refusal(values)


@pytest.mark.parametrize(("chapter", "name", "end"), ENDS)
def test_every_end_of_a_range_can_be_had(chapter, name, end):
    """With some other values, that is; a range is not announced wider than anything in it makes sense."""
    assert accepted_points(chapter, seed=SEED, count=1, fixed={name: end})


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_help_of_a_parameter_names_the_multiple_that_is_needed(chapter):
    needed = {item for need in knobs(chapter).needs for item in re.findall(r"(\w+) % (\d+) == 0", need.formula)}
    announced = {
        (name, "2" if words == "even" else number)
        for name, parameter in knobs(chapter).declared.items()
        for words, number in re.findall(r"\b(even|multiple of (\d+))\b", parameter.help)
    }
    assert announced == needed


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_refusal_is_one_sentence_with_values(chapter):
    for values in points(chapter):
        sentence = knobs(chapter).refusal(values)
        assert "\n" not in sentence
        assert not sentence or (sentence.startswith("the chapter needs ") and ", got " in sentence)


@pytest.mark.parametrize(("chapter", "number"), NEEDS)
def test_every_need_refuses_something_in_its_own_words(chapter, number):
    """Taken by itself: what two needs both refuse, the first of them tells."""
    need = knobs(chapter).needs[number]
    alone = Knobs(declared=knobs(chapter).declared, needs=[need])
    sentence = next(filter(None, map(alone.refusal, islice(drawn_points(chapter, seed=SEED, at_ends=0.5), 4000))), "")
    assert sentence.startswith(f"the chapter needs {need.words}, got ")


def diverges(*, mu_norm2, p, n, sigma2, alpha, **_):
    """Whether the theory of descent refuses the step."""
    model = MixtureClassification(mu_norm2=mu_norm2, c=p / n, sigma2=sigma2, alpha=alpha)
    return refuses(training_error, model, [1], dynamics="gd")


def too_many_points(*, smallest_p, p, n, **_):
    """Whether the last of eight doublings has too many points at once."""
    return smallest_p * 2**8 * n > MOST_POINTS * p


def odd(*, p, n, **_):
    """Whether p or n has no half."""
    return p % 2 + n % 2 > 0


def diverges_somewhere(*, mu_norm2, p, n, sigma2, alpha, **_):
    """The same as `diverges` at the three ratios that the setting draws."""
    shapes = [MixtureClassification(mu_norm2=mu_norm2, c=c, sigma2=sigma2, alpha=alpha) for c in (p / n, 1.0, n / p)]
    return any(refuses(start_kept, shape, [1], dynamics="gd") for shape in shapes)


def out_of_reach(*, wanted_error, mu_norm2, p, **_):
    """Whether the wanted error needs more than 8 p points."""
    try:
        return sample_size(error=wanted_error, mu_norm2=mu_norm2, p=p) > 8 * p
    except ValueError:
        return True


CAUSES = {
    "random_matrix/setting": {"odd": odd, "diverging": diverges_somewhere},
    "random_matrix/performance": {"diverging": diverges, "too many points": too_many_points},
    "random_matrix/beyond": {"diverging": diverges},
    "random_matrix/early_stopping": {"out of reach": out_of_reach},
}


@pytest.mark.parametrize("chapter", CAUSES)
def test_needs_refuse_exactly_what_the_library_refuses(chapter):
    for needs, library in verdicts(chapter, CAUSES[chapter]):
        assert needs == bool(library)


def signals(decibels):
    """The signal that each of the chapter's readings leaves of the digits at some levels of the noise, shape (2, levels)."""
    digits = datasets.mnist_ones_sevens()
    images, constants = digits.images / 255, {name: getattr(digits, name) for name in PIXELS}

    def signal(reading, decibel):
        power, scale = noise_and_scale(images, reading=reading, decibel=decibel, **constants)
        return whiten(add_noise(images, power=power, seed=SEED), digits.labels, scale=scale).mu_norm2

    return np.array([[signal(reading, decibel) for decibel in decibels] for reading in ("signal to noise", "power ratio")])


def test_digits_that_are_accepted_have_a_stable_theory():
    """At the signal that the noise leaves; its spread over draws of the noise is below a hundredth."""
    levels = [-40, -10, 10]  # at both ends, and where the two readings are alike: between them a signal is a power of the noise's
    measured = np.log(signals(levels))

    def unstable(*, n, decibel, sigma2, alpha, **_):
        sizes = [np.exp(np.interp(decibel, levels, row)) for row in measured]
        shapes = [MixtureClassification(mu_norm2=size, c=784 / n, sigma2=sigma2, alpha=alpha) for size in sizes]
        return any(refuses(training_error, shape, [1], dynamics="gd") for shape in shapes)

    found = verdicts("random_matrix/mnist", {"unstable": unstable})
    assert {needs for needs, _ in found} == {True, False}
    assert all(needs or not library for needs, library in found)


def smallest_network(chapter, *, pairs, width, n, d, seed, **options):
    """Whether the library cannot linearise the narrowest network of a chapter."""
    data = polynomial_data(seed=seed % 5, n=n, d=d, norm=d**0.5 if options.get("bias", True) else 1.0)
    model = TwoLayerRegression(
        inputs=data.inputs, targets=data.targets, width=width, learning_rate=0.01, antisymmetric=pairs, **options
    )
    return refuses(lambda: initial_linearization(model, *model.draw(seed)))


NARROWEST = {
    "overparametrized/setting": lambda v: dict(width=v["widest"] // 256, pairs=False, n=v["n"], d=v["d"], seed=v["seed"]),
    "overparametrized/minimum_norm": lambda v: dict(
        width=v["width"] // 20 * 2, pairs=True, n=v["n"], d=v["d"], seed=v["seed"], bias=False
    ),
    "overparametrized/conventions": lambda v: dict(width=v["width"], pairs=False, n=v["n"], d=v["d"], seed=v["seed"], bias=False),
    "overparametrized/generalisation": lambda v: dict(
        width=v["widest"] // 64, pairs=True, n=v["net_n"], d=v["d"], seed=v["seed"]
    ),
    "overparametrized/bounds": lambda v: dict(width=v["flow_width"] // 4, pairs=False, n=2 * v["n"], d=v["d"], seed=v["seed"]),
    "overparametrized/beyond": lambda v: dict(
        width=v["lazy_width"] // 32 * 2, pairs=True, n=100, d=5, seed=v["seed"], bias=False
    ),
    "bridge/regimes": lambda v: dict(width=v["m"], pairs=True, n=v["n"], d=v["d"], seed=v["seed"], bias=False),
    "bridge/explorers": lambda v: dict(width=2 * (v["widest"] // 32), pairs=True, n=100, d=5, seed=v["seed"], bias=False),
}


@pytest.mark.parametrize("chapter", NARROWEST)
def test_networks_that_are_accepted_can_be_linearised(chapter):
    accepted = accepted_points(chapter, seed=SEED, count=12)
    assert len(accepted) == 12
    assert [values for values in accepted if smallest_network(chapter, **NARROWEST[chapter](values))] == []


def sum_of_squares(*, n, d, learning_rate, **_):
    """Train the chapter's linear problem on the sum of squares."""
    data = polynomial_data(seed=0, n=n, d=d)
    shared = {"inputs": data.inputs, "targets": data.targets, "width": 1, "bias": False}
    model = TwoLayerRegression(**shared, learning_rate=learning_rate, loss="sum", gain=2**0.5)
    return linearized_training(model, [0, 500])


def test_the_sum_of_squares_converges_where_the_chapter_says_so():
    accepted = accepted_points("overparametrized/conventions", seed=SEED, count=12)
    assert len(accepted) == 12
    for values in accepted:
        sum_of_squares(**values)
    beyond = {"n": 300, "d": 5, "learning_rate": 0.1}
    assert "a learning rate with which" in knobs("overparametrized/conventions").refusal(beyond)
    assert refuses(sum_of_squares, **beyond)


CORNERS = [
    ("random_matrix/spectrum", dict(p=64, n=64)),
    ("random_matrix/spectrum", dict(p=128, n=32, mu_norm2=2.0)),
    ("random_matrix/early_stopping", dict(p=256, n=64, mu_norm2=100.0, wanted_error=0.0001)),
    ("random_matrix/minibatch", dict(p=128, n=64)),
    ("random_matrix/minibatch", dict(p=256, n=64, t_max=100)),
    ("random_matrix/beyond", dict(p=33, n=33, sigma2=0.0, mu_norm2=1.0)),
    ("overparametrized/generalisation", dict(d=3, net_n=60, largest_n=80)),
    ("time_scales/where_the_order_fails", dict(t_end=22.0)),
]


@pytest.mark.parametrize(("chapter", "values"), CORNERS)
def test_a_corner_gives_a_whole_page(chapter, values, tmp_path):
    whole = SMALL[chapter] | values
    assert not knobs(chapter).refusal(whole)
    page = run(chapter, whole, tmp_path)
    assert page.text and page.alts
    assert page.no_numbers == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_stored_page_shows_a_number_that_is_none(chapter):
    for cell in cells(chapter):
        texts = [output.get("text", "") + output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
        assert not NO_NUMBER.search("\n".join(texts))


def walk(chapter):
    """Both ends of every range, each with other values small where they go together, and three random points."""
    own = knobs(chapter)
    for parameter in own.declared.values():
        for end in ends(parameter):
            values = capped(chapter, SMALL[chapter] | {parameter.name: end})
            if own.refusal(values):
                near = accepted_points(chapter, seed=SEED, count=200, fixed={parameter.name: values[parameter.name]})
                values = next((cut for cut in (capped(chapter, each) for each in near) if not own.refusal(cut)), None)
            if values:
                yield values
    cut = (capped(chapter, values) for values in accepted_points(chapter, seed=SEED + 1, count=200))
    yield from (values for values, _ in zip((each for each in cut if not own.refusal(each)), range(3)))


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_at_both_ends_of_every_range_and_at_random_points(chapter, tmp_path):
    failed = []
    for number, values in enumerate(walk(chapter)):
        try:
            failed += [(values, line) for line in run(chapter, values, tmp_path / str(number)).no_numbers]
        except Exception as error:  # any error is a failure, and the walk goes on
            failed.append((values, repr(error)))
    assert failed == []
