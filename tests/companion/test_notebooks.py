"""The form of the notebooks that the repository keeps."""

import nbformat

from learning_dynamics.companion.base.notebooks import cleaned, published


def test_keeps_text_and_drops_what_changes_from_run_to_run():
    cell = nbformat.v4.new_code_cell("plot()", execution_count=7)
    cell.metadata = {
        "tags": ["hide-input"],
        "mystnb": {"figure": {}},
        "execution": {"iopub.status.idle": "late"},
        "scrolled": True,
    }
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="50%"),
        nbformat.v4.new_output("stream", name="stdout", text="done"),
        nbformat.v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure>"}, metadata={"a": 1}),
        nbformat.v4.new_output("execute_result", {"text/plain": "3"}, execution_count=7),
    ]
    markdown = nbformat.v4.new_markdown_cell("# Title")
    result = cleaned(nbformat.v4.new_notebook(cells=[markdown, cell], metadata={"papermill": {}}))
    kept = result.cells[1]
    assert kept.execution_count == 1
    assert dict(kept.metadata) == {"tags": ["hide-input"], "mystnb": {"figure": {}}}
    assert [output.output_type for output in kept.outputs] == ["stream", "display_data", "execute_result"]
    assert list(kept.outputs[1].data) == ["text/plain"]
    assert kept.outputs[2].execution_count == 1
    assert "papermill" not in result.metadata
    nbformat.validate(result)
    assert cleaned(result) == result


def test_joins_what_was_printed_in_one_go():
    cell = nbformat.v4.new_code_cell("for k in range(2): print(k)")
    parts = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("0\n", "1\n")]
    cell.outputs = [*parts, nbformat.v4.new_output("display_data", {"text/plain": "<Figure>"}), parts[0]]
    outputs = cleaned(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [output.get("text") for output in outputs] == ["0\n1\n", None, "0\n"]


def test_published_copies_keep_pictures_and_lose_the_traces_of_the_run():
    cell = nbformat.v4.new_code_cell("plot()", execution_count=7)
    cell.metadata = {"tags": ["hide-input"], "papermill": {"start_time": "early"}, "execution": {"iopub.status.idle": "late"}}
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="50%"),
        nbformat.v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure>"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"output_path": "/somewhere"}})
    result = published(notebook)
    about, kept = result.cells
    assert "pip install" in about.source
    assert about.metadata.tags == ["remove-cell"]
    assert dict(kept.metadata) == {"tags": ["hide-input"]}
    assert [output.output_type for output in kept.outputs] == ["display_data"]
    assert kept.outputs[0].data["image/png"] == "AAAA"
    assert "papermill" not in result.metadata
    nbformat.validate(result)
    assert published(notebook) == result
