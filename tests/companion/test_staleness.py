"""A change makes stale what depends on it, and nothing else."""

import pytest
import yaml

from learning_dynamics.companion.execution.staleness import dependencies, fingerprint

ALL = {"one/first", "one/second", "atlas"}


def stale_after(project, change):
    before = {chapter: fingerprint(project, chapter, "paper") for chapter in project.chapters()}
    change(project)
    return {chapter for chapter in project.chapters() if fingerprint(project, chapter, "paper") != before[chapter]}


def append(name):
    def change(project):
        path = project.root / name
        path.write_bytes(path.read_bytes() + b"\n# changed\n")

    return change


def edit_registry(edit):
    def change(project):
        path = project.book / "registry.yml"
        content = yaml.safe_load(path.read_text())
        edit(content)
        path.write_text(yaml.safe_dump(content))

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (append("lib/learning_dynamics/random_matrix/kernels/eigenmodes.py"), {"one/first"}),
        (append("lib/learning_dynamics/random_matrix/model.py"), {"one/first"}),
        (append("lib/learning_dynamics/_validation.py"), {"one/first", "one/second"}),
        (append("lib/learning_dynamics/datasets.py"), {"one/second"}),
        (append("lib/learning_dynamics/data/mnist_ones_sevens.npz"), {"one/second"}),
        (append("lib/learning_dynamics/data/README.md"), set()),
        (append("lib/learning_dynamics/companion/records/agreement.py"), {"one/first", "atlas"}),
        (append("lib/learning_dynamics/companion/pages/claims.py"), {"atlas"}),
        (append("lib/learning_dynamics/companion/execution/executor.py"), ALL),
        (append("lib/learning_dynamics/companion/commands/cli.py"), set()),
        (append("requirements.txt"), ALL),
        (append("lib/learning_dynamics/companion/pages/gallery.py"), {"atlas"}),
        (append("book/one/second.ipynb"), {"one/second", "atlas"}),
        (append("_toc.yml"), {"atlas"}),
        (edit_registry(lambda c: c["entries"][0].update(statement="Another")), {"one/first", "atlas"}),
        (edit_registry(lambda c: c["entries"][1].update(reason="another")), {"one/second", "atlas"}),
        (edit_registry(lambda c: c["presets"]["one/first"]["quick"].update(runs=2)), {"one/first", "atlas"}),
    ],
)
def test_a_change_reaches_what_depends_on_it(project, change, expected, monkeypatch):
    monkeypatch.setattr("learning_dynamics.companion.execution.staleness.read_source", _lenient_reader())
    assert stale_after(project, change) == expected


def _lenient_reader():
    from learning_dynamics.companion.base.notebooks import read_notebook

    def read(path):
        text = path.read_text("utf-8").removesuffix("\n# changed\n")
        plain = path.with_suffix(".plain")
        plain.write_text(text)
        return read_notebook(plain)

    return read


def test_another_preset_has_another_fingerprint(project):
    assert fingerprint(project, "one/second", "paper") != fingerprint(project, "one/second", "quick")


def test_follows_imports_through_packages(project):
    names = {path.relative_to(project.root).as_posix() for path in dependencies(project, "one/first")}
    assert "lib/learning_dynamics/random_matrix/mathematics/quadrature.py" in names
    assert "lib/learning_dynamics/companion/records/registry.py" in names
    assert not any("datasets" in name for name in names)
