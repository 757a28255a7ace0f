"""The command line: ``python -m learning_dynamics build|verify|rerun|sweep|refresh|predict|classroom|grade|test``."""

import argparse
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from learning_dynamics.companion.base.environment import check_variables
from learning_dynamics.companion.base.errors import CompanionError, shown
from learning_dynamics.companion.base.output import tolerant_output
from learning_dynamics.companion.base.project import PRESETS, find_project
from learning_dynamics.companion.commands.build import build, refresh
from learning_dynamics.companion.commands.verification import TOLERANCE, verify
from learning_dynamics.companion.execution.notebook_kernel import installed_kernel
from learning_dynamics.companion.reruns.rerun import estimate_rerun, parameter_table, rerun
from learning_dynamics.companion.reruns.sweep import estimate_sweep, sweep

DESCRIPTION = "The book from the command line: build it, run its chapters, hand out and grade its assignments."
LONGEST_SENTENCE = 300
GOES_ON = ("build", "sweep")
INTERRUPTED = "interrupted: what has run is kept, the same command goes on from there."


def main(arguments=None):
    """Run the command line and return its exit status.

    A problem that the user can mend ends in one sentence on standard error and status 2.
    """
    with tolerant_output():
        return _main(arguments)


def _main(arguments):
    options = _parser().parse_args(arguments)
    try:
        check_variables()
        return options.run(options)
    except CompanionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {_os_sentence(error, getattr(options, 'out', None))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\n{INTERRUPTED if options.command in GOES_ON else 'interrupted.'}", file=sys.stderr)
        return 130


def _os_sentence(error, out):
    place = [str(error.filename)] if error.filename else []
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        place.append(_room(error.filename, out))
    where = f" ({'; '.join(place)})" if place else ""
    return f"{error.strerror or error}{where}."


def _room(name, out):
    """How much room there is where the file that failed is or, where the system does not name it, wherever files are written."""
    places = [name] if name else [out or os.getcwd(), tempfile.gettempdir()]
    folders = [_folder_above(Path(os.path.abspath(place))) for place in places]
    return ", ".join(f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free in {folder}" for folder in dict.fromkeys(folders))


def _folder_above(path):
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _folder(text, default=None):
    """The folder given with ``--out``."""
    return default if text is None else _path("--out", text)


def _path(name, text, what="folder"):
    """A path that was given, or None; an empty text would stand for the folder in which the command runs."""
    if text is None:
        return None
    if not text.strip():
        raise CompanionError(f"{name} must name a {what}, got an empty text.")
    return Path(text).resolve()


class _Parser(argparse.ArgumentParser):
    """A parser whose sentences are not as long as what the user wrote."""

    def error(self, message):
        super().error(message if len(message) <= LONGEST_SENTENCE else f"{message[:LONGEST_SENTENCE]}…")


def _parser():
    parser = _Parser(prog="python -m learning_dynamics", description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = commands.add_parser("build", help="execute the chapters that are out of date and render the site")
    command.add_argument("--preset", choices=PRESETS, default=os.environ.get("PRESET") or "paper")
    command.add_argument("--out", metavar="DIR", help="build into DIR/_build instead of _build")
    command.add_argument("--workers", type=int, metavar="N", help="chapters at a time (default: one a processor)")
    command.set_defaults(run=_build)

    command = commands.add_parser("verify", help="compare the book that was built here with a certificate")
    command.add_argument("certificate", metavar="CERTIFICATE", help="certificate.json, as a build writes it")
    command.add_argument("--preset", choices=PRESETS, help="preset to compare at (default: the certificate's)")
    command.add_argument("--out", metavar="DIR", help="where the book was built, as given to build")
    command.add_argument("--tolerance", type=float, default=TOLERANCE, help="largest relative difference (default: %(default)g)")
    command.set_defaults(run=_verify)

    command = commands.add_parser("rerun", help="run one chapter at your own parameters")
    command.add_argument("chapter", nargs="?", metavar="CHAPTER", help="e.g. random_matrix/performance")
    command.add_argument("--preset", choices=PRESETS, default="paper", help="parameters to start from")
    command.add_argument("-p", dest="assignments", metavar="NAME=VALUE", action="append", default=[])
    command.add_argument("--out", metavar="DIR", help="folder for the results (default: runs/CHAPTER)")
    command.add_argument("--estimate", action="store_true", help="say how long it would take, and do not run it")
    command.add_argument("--list", action="store_true", help="list chapters, or the parameters of CHAPTER")
    command.set_defaults(run=_rerun)

    command = commands.add_parser("sweep", help="run one chapter at a grid of parameters")
    command.add_argument("chapter", metavar="CHAPTER", help="e.g. random_matrix/performance")
    command.add_argument("--preset", choices=PRESETS, default="paper", help="where the other parameters come from")
    command.add_argument("-p", dest="assignments", metavar="NAME=VALUE,VALUE", action="append", default=[])
    command.add_argument("--out", metavar="DIR", help="folder of the sweep (default: runs/CHAPTER/sweep)")
    command.add_argument("--estimate", action="store_true", help="say how long it would take, and do not run it")
    command.add_argument("--retry-failed", action="store_true", help="run again what failed before")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="N", help="runs at a time (default: one a processor)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    command.set_defaults(run=_sweep)

    command = commands.add_parser("refresh", help="store the text outputs of source notebooks after a change")
    command.add_argument("chapters", nargs="*", metavar="CHAPTER", help="default: all")
    command.set_defaults(run=_refresh)

    command = commands.add_parser("predict", help="predict the errors of training on your own data, and when to stop")
    command.add_argument(
        "file", metavar="FILE", help="table.csv with names in its first line, or data.npz with the arrays X and y"
    )
    command.add_argument("--label", metavar="COLUMN", help="column of a table that holds the labels")
    command.add_argument("--train", type=int, required=True, metavar="N", help="points to train on, half from each class")
    command.add_argument(
        "--sigma2",
        type=float,
        help="dimension times the variance of a starting weight (default: 0.1 over the mean variance of a column)",
    )
    command.add_argument("--alpha", type=float, metavar="STEP", help="step size (default: 0.1 over the largest eigenvalue)")
    command.add_argument(
        "--check", type=int, default=20, metavar="RUNS", help="trainings to compare with, 0 for none (default: %(default)d)"
    )
    command.add_argument("--seed", type=int, default=0, help="seed of all choices (default: %(default)d)")
    command.add_argument(
        "--out", metavar="DIR", help="folder for prediction.csv and prediction.png (default: nothing is written)"
    )
    command.set_defaults(run=_predict)

    command = commands.add_parser("classroom", help="write assignments for students and the guide for teachers")
    command.add_argument("--out", metavar="DIR", help="folder for them (default: _build/classroom)")
    command.add_argument(
        "--course", metavar="WORD", help="first write masters of your own, with other parameters, to classroom/private"
    )
    command.add_argument(
        "--gradescope", metavar="NAME", help="write an assignment as a zip for the autograder of Gradescope, and nothing else"
    )
    command.add_argument("--isolate", metavar="HOW", help="with --gradescope: auto, required or none (default: auto)")
    command.set_defaults(run=_classroom)

    command = commands.add_parser("grade", help="grade a folder of submissions")
    command.add_argument(
        "folder", metavar="FOLDER", help="holds <student>/<assignment>.ipynb, or a learning platform's files; or a zip of that"
    )
    command.add_argument("--assignment", required=True, metavar="NAME", help="e.g. stieltjes")
    command.add_argument("--out", required=True, metavar="DIR", help="folder for grades, feedback and marks")
    command.add_argument(
        "--roster", metavar="FILE", help="table of the students: a column identifier, and others with names, emails, numbers"
    )
    command.add_argument("--deadline", metavar="TIME", help='e.g. "2026-11-30 18:00"; a date means its end')
    command.add_argument(
        "--late-per-day",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="of the points, deducted for each day begun (default: 0)",
    )
    command.add_argument("--timeout", type=int, default=60, metavar="SECONDS", help="that a cell may take (default: 60)")
    command.add_argument("--workers", type=int, metavar="N", help="notebooks at a time (default: one a processor)")
    command.add_argument("--isolate", default="auto", metavar="HOW", help="auto, required or none (default: auto)")
    command.add_argument(
        "--masters", metavar="DIR", help="folder with masters of your own (default: classroom/private, then classroom)"
    )
    command.set_defaults(run=_grade)

    command = commands.add_parser("test", help="run all tests")
    command.add_argument("pytest_arguments", nargs=argparse.REMAINDER, metavar="...", help="passed on to pytest")
    command.set_defaults(run=_test)
    return parser


def _build(options):
    if options.preset not in PRESETS:
        raise CompanionError(f"PRESET must be one of {', '.join(PRESETS)}, got {shown(options.preset)}.")
    page = build(find_project(_folder(options.out)), options.preset, workers=options.workers, say=_say)
    print(f"The book is ready. Its first page: {page}")
    return 0


def _verify(options):
    project, path = find_project(_folder(options.out)), _path("CERTIFICATE", options.certificate, "file")
    same = verify(project, path, preset=options.preset, tolerance=options.tolerance, say=_say)
    return 0 if same else 1


def _rerun(options):
    project = find_project()
    if options.list and not options.chapter:
        print("\n".join(project.chapters()))
        return 0
    if not options.chapter:
        raise CompanionError("name a chapter, or give --list to see them all.")
    if options.list:
        print(parameter_table(project, options.chapter))
        return 0
    chapter = project.require_chapter(options.chapter)
    output = _folder(options.out, project.root / "runs" / chapter)
    if options.estimate:
        print(estimate_rerun(project, chapter, preset=options.preset, assignments=options.assignments, say=_say))
        return 0
    page = rerun(project, chapter, preset=options.preset, assignments=options.assignments, output=output, say=_say)
    print(f"notebook: {output / (Path(chapter).name + '.ipynb')}")
    print(f"results:  {output / 'results'}")
    print(f"page:     {page}")
    return 0


def _sweep(options):
    project = find_project()
    chapter = project.require_chapter(options.chapter)
    grid = {
        "preset": options.preset,
        "assignments": options.assignments,
        "output": _folder(options.out, project.root / "runs" / chapter / "sweep"),
        "workers": options.workers,
        "say": _say,
    }
    if options.estimate:
        print(estimate_sweep(project, chapter, **grid))
        return 0
    report = sweep(
        project,
        chapter,
        **grid,
        scheduler=options.scheduler,
        retry_failed=options.retry_failed,
    )
    for folder, error in report.failed.items():
        print(f"failed: {folder.name}: {error}", file=sys.stderr)
    hint = "; --retry-failed runs them again" if report.failed else ""
    print(f"{report.finished} finished, {len(report.failed)} failed{hint}")
    for table in report.tables:
        print(f"table: {table}")
    return 1 if report.failed else 0


def _refresh(options):
    project = find_project()
    chapters = [project.require_chapter(chapter) for chapter in options.chapters] or project.chapters()
    refresh(project, chapters, say=_say)
    return 0


def _predict(options):
    from learning_dynamics.prediction import predict_file

    if not options.file.strip():
        raise CompanionError(f"FILE must end in .csv or .npz, got {shown(options.file)}.")
    predict_file(
        Path(options.file),
        label=options.label,
        training_points=options.train,
        sigma2=options.sigma2,
        alpha=options.alpha,
        runs=options.check,
        seed=options.seed,
        out=_folder(options.out),
        say=_say,
    )
    return 0


def _classroom(options):
    from learning_dynamics.classroom.folders import check_classroom_folder
    from learning_dynamics.classroom.gradescope import write_gradescope
    from learning_dynamics.classroom.release import write_classroom, write_course

    project = find_project()
    if options.isolate is not None and options.gradescope is None:
        raise CompanionError("--isolate of this command goes with --gradescope; grade has one of its own.")
    out = _folder(options.out, project.build / "classroom")
    check_classroom_folder(project, out)
    if options.course is not None:
        write_course(project, options.course, say=_say)
    if options.gradescope is None:
        write_classroom(project, out, say=_say)
    else:
        write_gradescope(project, options.gradescope, out, isolate=options.isolate or "auto", say=_say)
    return 0


def _grade(options):
    from learning_dynamics.classroom.grading import FEEDBACK, GRADES_FILE, MARKS_FILE, grade

    out = _folder(options.out)
    if options.deadline is not None and not options.deadline.strip():
        raise CompanionError("--deadline must be a time like 2026-11-30 18:00 or a date like 2026-11-30, got an empty text.")
    grade(
        find_project(),
        _path("FOLDER", options.folder),
        options.assignment,
        out,
        timeout=options.timeout,
        roster=_path("--roster", options.roster, "file"),
        workers=options.workers,
        isolate=options.isolate,
        masters=_path("--masters", options.masters),
        deadline=options.deadline,
        late_per_day=options.late_per_day,
        say=_say,
    )
    print(f"grades:   {out / options.assignment / GRADES_FILE}")
    print(f"feedback: {out / options.assignment / FEEDBACK}")
    print(f"marks:    {out / options.assignment / MARKS_FILE}")
    return 0


def _test(options):
    project = find_project()
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    pytest = [sys.executable, "-m", "pytest", *workers]
    tests = subprocess.run([*pytest, "tests", *options.pytest_arguments], cwd=project.root)
    with installed_kernel() as environment:
        notebooks = subprocess.run([*pytest, "--nbval", "book"], cwd=project.root, env=environment)
    return max(tests.returncode, notebooks.returncode)


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
