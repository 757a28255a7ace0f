"""The guide for teachers, written from what the assignments say of themselves."""

from .parameters import RANGES

INTRODUCTION = """# Assignments: guide for teachers

Two or three assignments for each of the three papers. Each comes as a notebook for students, in `student/`. Its master, with solutions
and hidden checks, is `classroom/<name>/<name>.ipynb` in the repository.

{overview}

## Step by step

1. **Hand out** the notebooks in `student/`. Students need Python 3.11 or later, this library, and something that opens notebooks. On Windows, macOS and
   Linux, in Colab and on a JupyterHub alike:

   ```
   python -m pip install numpy scipy matplotlib numba PyYAML threadpoolctl jupyterlab
   python -m pip install --no-deps learning_dynamics-0.1.0-py3-none-any.whl
   python -m jupyterlab
   ```

   You make the wheel once with `python -m pip wheel --no-deps .` in the repository, and put it beside the notebooks. (In Colab and on a hub leave out the last
   line, and `jupyterlab` in the first.)
2. A student writes the identifier under which the work is handed in into the cell below *Your parameters*. All parameters follow from it.
   Agree on the identifiers beforehand: student numbers, for instance. Case, white space and the form of accents do not matter.
3. **Collect.** Any of these can be graded as it is, a folder or its zip: one folder (or zip) a student, named by the identifier; the download
   of Moodle, Canvas, Blackboard or Gradescope. With a platform's download give a roster, a table with a column `identifier` and any others that say who is
   who (name, email, the platform's number): `--roster roster.csv`. Who has handed in nothing is listed then, too. Without a roster the
   identifier that the notebook names counts.
4. **Grade**, in the repository, with its environment active:

   ```
   python -m learning_dynamics grade submissions --assignment stieltjes --out graded
   ```

   One line a student is printed, with how long the rest will take. `graded/stieltjes/` then holds `grades.csv`, the points by task;
   `feedback/<student>.html`, the page for the student; `graded/<student>.ipynb`, the executed notebook; `statistics.md`, what the class found
   hard, and who may have worked together; `upload/`, tables for Moodle and Canvas. Every assignment has a folder of its own below `graded`.
5. **Mark by hand** what the column "to mark" names. `essays/<task>.html` shows all answers to one task side by side, with the rubric, under the numbers of
   the table. Write points, and a comment if you like, into `marks.csv`, and give the same command again: nothing is run for that. Marks are never overwritten.
   A row with any other task overrules the automatic points of that task.
   For a figure the page shows what its cell drew, beside the text.
6. **Late work.** With `--deadline "2026-11-30 18:00" --late-per-day 10` every day begun after the deadline costs 10 % of the points earned. The time is taken from
   the name of the file where the platform writes it there, and else from the file or the archive as you downloaded it, never from what a student packed. Some
   downloads give all files the time of the download: then fill a column `handed_in` in the roster. A column `deadline` there holds
   extensions. Table and feedback say when something was handed in, by what that is known, and what was deducted; the points of the tasks stay as they are.
7. **Again.** The same command goes on where it was stopped, by whatever it was. A notebook that was graded and has not changed is not run again, unless
   the library or the master has changed. What could not be run or judged because of the machine (no memory, no room on the disk, a process that did not start) is tried again
   by itself, and if that fails is called *not graded*, with the reason and without points. It is no 0, and the same command tries it again.

## What is checked, and what is not

- Functions are checked at the student's own parameters, at others, and at corner cases. Numbers are checked at the student's own
  parameters, within the tolerance that the notebook states. Every check is worth its own points, so an answer can earn a part.
- **Checks do not run where the student's code runs.** A notebook runs in a process of its own, which knows no hidden check. Another process asks it for
  numbers and calls its functions, and judges. No name of a check is shared with the notebook, in either direction.
- **Parameters come from the name of the folder** or from the roster, not from the cell that a student can edit. Numbers that were passed on belong
  to other parameters and earn nothing: these are the tasks called *personal* below. In a class of 120 the chance that two
  students can pass such a number on is below 1 in 500. The table names every notebook that works with another's parameters.
- **Code can be passed on**: a correct function is correct at every parameter. What the parameters protect are numbers and
  interpretation. `statistics.md` lists answers that are alike beyond names and layout, and equal numbers that are wrong for somebody. If you need more, ask the student to explain a line.
- **The library is public, and so are the masters.** Where an answer calls one of the library's functions that the assignment asks for, under whatever name, its points
  are left open and the table says so: you decide. Copying the library's source text is not detected. For variants of your own, with
  other parameters for the same identifiers, run `python -m learning_dynamics classroom --course "autumn 2026"` once: it writes masters to
  `classroom/private`, which the repository does not keep and which are used from then on; change their checks as you like.
- Feedback pages show visible checks and what was said, not hidden ones. Each is one file, needs no network and runs nothing.
- A cell may run for 60 seconds (`--timeout`), a notebook for five times as long. On Linux only the time counts that the notebook has for itself, so that a busy machine costs
  nobody a point (on the clock it may take up to ten times as long). What is stopped, ends its process or needs all memory costs its own
  task; the rest is run without it. Warnings never cost points.
- **Nothing that a student wrote is lost.** All cells of the student's are run and shown, split, copied, merged, moved or without metadata as they may be.
  Cells of the assignment that are missing are put back. What was put back, joined or skipped is said to you and to the student.
  A task without an answer says "no answer yet".

## What protects your machine

The first line of the command says it. On Linux, where the system lets a user have namespaces (most do, containers often not), a notebook sees no
network, none of your files, not the submissions of others and not the masters; the library is read-only for it, it can write
to a small folder in memory alone, and nothing that it starts outlives it. On every system it has a session of its own, limits on processor time, memory, size of
files and output, and none of your environment variables.

**Without namespaces (macOS, Windows, some containers) a hostile notebook can read your files, use the network and write wherever you may write.**
Grade in a virtual machine or a container then. `--isolate required` refuses to grade without namespaces. A department's image:

```
FROM python:3.11-slim
COPY . /book
RUN cd /book && python lib/setup_environment.py --extra classroom
WORKDIR /book
ENTRYPOINT [".venv/bin/python", "-m", "learning_dynamics", "grade"]
```

Run it without network and with the class alone, `docker run --network none --security-opt seccomp=unconfined --cap-add SYS_ADMIN -v $PWD/class:/class IMAGE /class/submissions --assignment
stieltjes --out /class/graded --isolate required`. The two options let the command make namespaces inside; without them the container is
the only wall, and you leave out the last option.

## Gradescope

`python -m learning_dynamics classroom --gradescope stieltjes` writes `_build/classroom/gradescope-stieltjes.zip`, which you upload as the autograder of a programming assignment. The
identifier of a student is then the mail address that Gradescope knows, of a group that of its first member: students write it into the cell *Your parameters*. Automatic tasks appear as
tests, whose points are shown after the due date, so that nobody can try out answers until one passes; what is marked by hand you add there.

There a submission runs in a container together with the checks and the reference answers. Where the container allows namespaces, a notebook sees nothing of them, as above. Where it does not, which you
have to expect, **code that is handed in can read hidden checks and solutions and write its own result**; only the limits are left, and what was in force stands in the output for teachers, under `protection`.
With `--isolate required` nothing is graded then, and Gradescope says that the autograder failed. For marks that count, grade the download yourself with the command above.
What could not be graded because of the machine is no 0 there either: the autograder fails, and you start it again. The zip contains solutions: keep it to yourself.

A note in the table that a notebook "uses what no answer needs" accuses nobody: it names commands, files, processes and the like for a person to look at.
"""

ASSIGNMENT = """
## {title}

`{name}` · {paper} · about {minutes} minutes · {points:g} points

Read first: {chapters}.

Learning goals:

{goals}

| task | points | marked | personal | what it asks |
| :-- | --: | :-- | :-- | :-- |
{tasks}

{parameters}

Rubric for what is marked by hand (a good answer stands in the master):

{rubric}

Typical wrong answers, and what they earn of the {automatic:g} points that are given automatically:

| answer | earns |
| :-- | --: |
{mistakes}
"""


def guide(assignments):
    """The guide as Markdown.

    Parameters
    ----------
    assignments : dict of Assignment by name

    Returns
    -------
    str
    """
    head = ["| assignment | paper | minutes | points |", "| :-- | :-- | --: | --: |"]
    rows = [
        f"| {each.title} (`{each.name}`) | {each.paper} | {each.minutes} | {each.points:g} |" for each in assignments.values()
    ]
    parts = [INTRODUCTION.format(overview="\n".join(head + rows))]
    return "".join(parts + [_section(each) for each in assignments.values()])


def _section(assignment):
    automatic = sum(task.points for task in assignment.tasks if not task.by_hand)
    return ASSIGNMENT.format(
        title=assignment.title,
        name=assignment.name,
        paper=assignment.paper,
        minutes=assignment.minutes,
        points=assignment.points,
        chapters=", ".join(assignment.chapters),
        goals=_listed(assignment.goals),
        tasks="\n".join(
            f"| `{task.id}` | {task.points:g} | {'by hand' if task.by_hand else 'automatically'} "
            f"| {'yes' if task.id in assignment.personal else ''} | {assignment.about[task.id]} |"
            for task in assignment.tasks
        ),
        parameters=_parameters(assignment.name),
        rubric="\n".join(f"`{task}`:\n\n{_listed(lines)}\n" for task, lines in assignment.rubric.items()),
        automatic=automatic,
        mistakes="\n".join(f"| {mistake.says} | {automatic - lost(assignment, mistake):g} |" for mistake in assignment.mistakes),
    )


def lost(assignment, mistake):
    """The automatic points that a typical wrong answer loses."""
    points = {task.id: task.points for task in assignment.tasks}
    return sum(points[task] for task in mistake.loses)


def _parameters(name):
    ranges = ", ".join(f"`{key}` {low:g} to {high:g} in steps of {step:g}" for key, (low, high, step) in RANGES[name].items())
    return f"Parameters drawn from the identifier: {ranges}."


def _listed(lines):
    return "\n".join(f"- {line}" for line in lines)
