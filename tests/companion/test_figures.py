"""What the build adds to figures: small pictures, anchors, links to data."""

import base64
from io import BytesIO

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image

from learning_dynamics.companion.records.figures import PICTURE_SIZE, furnished, light_picture, pictures, small_picture


def png(width, height):
    stream = BytesIO()
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = (31, 134, 201, 255)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def notebook():
    plain = nbformat.v4.new_code_cell("x = 1", id="plain")
    figure = nbformat.v4.new_code_cell("plt.show()", id="figure", metadata={"mystnb": {"figure": {"name": "fig-a"}}})
    data = {"image/png": base64.b64encode(png(900, 500)).decode(), "text/plain": "<Figure>"}
    figure.outputs = [nbformat.v4.new_output("display_data", data)]
    return nbformat.v4.new_notebook(cells=[plain, figure])


@pytest.mark.parametrize(("width", "height"), [(922, 562), (500, 1500), (2000, 100), (300, 200)])
def test_a_small_picture_keeps_shape_colour_and_transparency(width, height):
    image = Image.open(BytesIO(small_picture(png(width, height)))).convert("RGBA")
    scale = min(1, PICTURE_SIZE[0] / width, PICTURE_SIZE[1] / height)
    assert image.size == pytest.approx((width * scale, height * scale), abs=1)
    pixels = np.asarray(image)
    assert pixels[0, 0, 3] == 0
    inside = pixels[round(image.height * 0.375), round(image.width * 0.375)]
    assert np.abs(inside.astype(int) - (31, 134, 201, 255)).max() <= 8, "one step of the reduced palette"


def test_the_same_figure_gives_the_same_picture(notebook):
    assert pictures(notebook) == pictures(notebook)
    assert list(pictures(notebook)) == ["fig-a"]


def test_a_figure_that_was_not_drawn_has_no_picture(notebook):
    notebook.cells[1].outputs = []
    assert pictures(notebook) == {}


def test_a_figure_gets_an_anchor_before_and_its_data_after_it(notebook):
    result = furnished(notebook, {"fig-a": {"data": ["fig-a.curve.csv", "fig-a.points.csv"]}})
    assert [cell.cell_type for cell in result.cells] == ["code", "markdown", "code", "markdown"]
    assert result.cells[1].source == "(code-fig-a)="
    assert "{download}`curve.csv </book/_data/fig-a.curve.csv>`" in result.cells[3].source
    assert "{download}`points.csv </book/_data/fig-a.points.csv>`" in result.cells[3].source
    assert len(notebook.cells) == 2
    nbformat.validate(result)


def test_a_figure_without_data_gets_no_link(notebook):
    assert len(furnished(notebook, {}).cells) == 3


def drawn(draw):
    """A figure as a cell shows it: drawn with the style of the book, on a transparent ground."""
    stream = BytesIO()
    with plt.rc_context({"savefig.transparent": True}):
        figure, axes = plt.subplots(figsize=(6, 4))
        draw(axes)
        figure.savefig(stream, format="png", dpi=144)
        plt.close(figure)
    return stream.getvalue()


def lines(axes):
    for k in range(8):
        axes.plot(np.arange(400), np.sin(np.arange(400) / (20 + k)) + k / 9)


def field(axes):
    axes.imshow(np.add.outer(np.arange(200), np.arange(300)) % 181, cmap="viridis")


@pytest.mark.parametrize("draw", [lines, field])
def test_a_light_picture_looks_the_same(draw):
    """On white, in steps of 255 a colour, on the mean over the pixels that are no plain ground; measured: 3.2."""
    png = drawn(draw)
    light = light_picture(png)
    assert len(light) < 0.35 * len(png)
    assert light_picture(light) == light
    before, after = (_on_white(each) for each in (png, light))
    inked = (before != 255).any(axis=2)
    assert 0 < np.abs(before - after)[inked].mean() < 4


def _on_white(png):
    image = Image.open(BytesIO(png)).convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(ground, image).convert("RGB")).astype(int)


def test_a_picture_that_a_palette_would_not_make_smaller_is_kept():
    tiny = png(1, 1)
    assert len(light_picture(tiny)) <= len(tiny)
