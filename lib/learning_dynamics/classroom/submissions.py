"""What students hand in: finding it in folders, archives and flat files, reading it, and telling whose it is."""

import ast
import io
import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from learning_dynamics.companion.base.errors import CompanionError, shown

from .notebook_files import content_of, read_handed_in
from .parameters import PLACEHOLDER
from .release import released
from .roster import clean_name, name_key

STUDENT_CELL = "student"
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json")
LARGEST_FILE, LARGEST_ARCHIVE, MOST_FILES = 60 * 2**20, 400 * 2**20, 5000
IGNORED = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini"}
PLATFORMS = {
    "Moodle": re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)"),
    "Blackboard": re.compile(r"(?P<rest0>.+?)_(?P<id>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+))?"),
    "Gradescope": re.compile(r"submission_(?P<id>\d+)"),
    "Canvas": re.compile(r"(?P<name>[^_\s]+?)_(?:(?:LATE|late)_)?(?P<id>\d+)_(?P<sid>\d+)_(?P<rest>.+)"),
}


@dataclass
class Submission:
    """One student's work: its notebook, or the reason why there is none, what is odd about it, whose it is, and when it was handed in."""

    student: str
    notebook: object = None
    problem: str = ""
    notes: tuple = ()
    owner: str = ""
    known: bool = True
    handed_in: datetime | None = None
    dated_by: str = ""


class _Stored(bytes):
    """The content of a file in an archive, with the time that the archive gives it."""

    time = None


@dataclass
class Found:
    """All submissions, students of the roster without one, and files that were not taken, each with the reason."""

    submissions: list
    missing: list = field(default_factory=list)
    ignored: list = field(default_factory=list)


def find_submissions(place, assignment, roster=None):
    """The submissions in a folder or an archive.

    Parameters
    ----------
    place : Path
        A folder with one folder or archive a student, or with flat files as learning platforms write them; or a zip of that.
    assignment : Assignment
    roster : Roster, optional
        Whose names are looked for; otherwise the folder's name is the identifier, or, where a platform made it, the one that the notebook names.

    Returns
    -------
    Found

    Raises
    ------
    CompanionError
        If there is nothing to read.
    """
    if not place.exists():
        raise CompanionError(f"the folder of submissions {place} does not exist.")
    groups, ignored = _groups(place, roster)
    if not groups:
        raise CompanionError(f"{place} must hold one folder for each student, named by the identifier, and holds none.")
    stubs = released(assignment.master)
    submissions = [_submission(group, assignment, stubs, roster) for group in groups]
    _note_shared(submissions)
    there = {name_key(each.student) for each in submissions}
    missing = [row["identifier"] for row in roster.rows if name_key(row["identifier"]) not in there] if roster else []
    return Found(sorted(submissions, key=lambda each: each.student), missing, ignored)


@dataclass
class _Group:
    student: str
    files: list
    known: bool
    notes: list
    time: datetime | None = None


def _groups(place, roster):
    """Files by student, and what was not taken."""
    if place.is_file():
        if not zipfile.is_zipfile(place):
            raise CompanionError(f"{place} must be a folder or a zip archive.")
        files, ignored = _archive_files(place.name, place.read_bytes(), nested=False)
    else:
        files, ignored = _folder_files(place)
    tops = {PurePosixPath(name).parts[0] for name, _ in files}
    if place.is_file() and len(tops) == 1 and all(len(PurePosixPath(name).parts) > 2 for name, _ in files):
        files = [(str(PurePosixPath(*PurePosixPath(name).parts[1:])), data) for name, data in files]
    nested = any(len(PurePosixPath(name).parts) > 1 for name, _ in files)
    groups = {}
    for name, data in files:
        parts = PurePosixPath(name).parts
        if len(parts) > 1:
            student, known = _whose(parts[0], roster)
            rest = "/".join(parts[1:])
        else:
            student, known = _whose_file(name, roster, alone=not nested)
            rest = _own_name(name)
        if student is None:
            ignored.append(f"{name}: it is in no folder of a student")
            continue
        group = groups.setdefault(student, _Group(student, [], known, []))
        group.files.append((rest, data))
        group.time = _time_in(parts[0]) or group.time
    for name in _empty_folders(place) if place.is_dir() else ():
        student, known = _whose(name, roster)
        groups.setdefault(student, _Group(student, [], known, []))
    return list(groups.values()), ignored


def _empty_folders(place):
    return [path.name for path in place.iterdir() if path.is_dir() and not path.is_symlink() and not _is_ignored(path.name)]


def _whose(name, roster):
    """The student of a folder, and whether that is an identifier."""
    clean = clean_name(name)
    match, parts = _platform(clean)
    if roster:
        found = roster.find(clean, *parts)
        return (found, True) if found else (clean, False)
    if not match:
        return clean, True
    return (parts[-1] if parts else clean), False


def _whose_file(name, roster, alone):
    """The student of a file that lies in no folder."""
    clean = clean_name(name)
    match, parts = _platform(clean)
    stem = re.split(r"\.(?:ipynb|zip|json)", clean, maxsplit=1)[0]
    if roster:
        pieces = [piece for piece in re.split(r"[_\s-]+", stem) if piece]
        found = roster.find(*parts, stem, *pieces)
        if found:
            return found, True
    if match:
        return parts[-1], False
    if clean.lower().endswith(".zip") or (alone and clean.lower().endswith(NOTEBOOKS)):
        return stem, roster is None
    return None, False


def _own_name(name):
    """The name that the student gave to a file, without what a platform put before it."""
    match, _ = _platform(clean_name(name))
    return (match and match.groupdict().get("rest")) or name


def _platform(name):
    """The match of a platform's pattern, and the names it holds: numbers first, the person's name last."""
    for pattern in PLATFORMS.values():
        match = pattern.fullmatch(name)
        if match:
            found = match.groupdict()
            return match, [found[key] for key in ("id", "name") if found.get(key)]
    return None, []


def _time_in(name):
    """The time that a platform wrote into a name, or None."""
    match, _ = _platform(clean_name(name))
    text = match and match.groupdict().get("time")
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S") if text else None
    except ValueError:
        return None


def _time_of(data):
    """The time of a file, by its folder or by the archive that was downloaded."""
    try:
        return datetime.fromtimestamp(int(data.stat().st_mtime)) if isinstance(data, Path) else data.time
    except (OSError, ValueError, OverflowError):
        return None


def _is_ignored(name):
    return name.casefold() in IGNORED or name.startswith(".") or name == "__pycache__"


def _folder_files(place):
    files, ignored = [], []
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if any(_is_ignored(part) for part in PurePosixPath(name).parts):
            continue
        if path.is_symlink():
            ignored.append(f"{name}: it is a link")
        elif path.is_file():
            files.append((name, path))
    return files, ignored


def _archive_files(where, data, nested=True):
    """The files of a zip archive; too many or too large ones are not read."""
    files, ignored, total = [], [], 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:MOST_FILES]:
                name = entry.filename.replace("\\", "/").lstrip("/")
                parts = [part for part in PurePosixPath(name).parts if part != ".."]
                if entry.is_dir() or not parts or any(_is_ignored(part) for part in parts):
                    continue
                total += entry.file_size
                if entry.file_size > LARGEST_FILE or total > LARGEST_ARCHIVE:
                    ignored.append(f"{where}/{name}: it is too large")
                elif (entry.external_attr >> 28) == 0o12:
                    ignored.append(f"{where}/{name}: it is a link")
                else:
                    files.append(("/".join(parts), _stored(archive, entry)))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        ignored.append(f"{where}: it cannot be unpacked ({error})")
    return files, ignored


def _stored(archive, entry):
    content = _Stored(archive.read(entry))
    try:
        content.time = datetime(*entry.date_time)
    except ValueError:
        pass  # archives may hold dates that do not exist
    return content


def _submission(group, assignment, stubs, roster):
    answers = {_grade_id(cell): cell.source for cell in stubs.cells if _mark(cell).get("solution")}
    found, problems = [], []
    for name, data, time in _unpacked(group, problems):
        notebook, problem = read_handed_in(data)
        if notebook is None:
            problems.append(f"{name} {problem}")
        elif not _belongs(notebook, answers, set(assignment.answer_ids) - {STUDENT_CELL}):
            problems.append(f"{name} holds no cell of this assignment")
        else:
            found.append((_rank(name, notebook, assignment, answers), name, notebook, time))
    if not found:
        others = ", ".join(sorted(name for name, _ in group.files))[:200]
        nothing = f"there is no notebook in the folder, only {others}" if others else "there is no notebook in the folder"
        return Submission(group.student, problem="; ".join(problems) or nothing, owner=group.student)
    found.sort(key=lambda each: each[0])
    _, name, notebook, time = found[0]
    notes = problems + group.notes
    if PurePosixPath(name).name != f"{assignment.name}.ipynb":
        notes.append(f"{name} is graded as {assignment.name}.ipynb")
    if len(found) > 1:
        notes.append("not graded: " + ", ".join(other for _, other, *_ in found[1:]))
    made = _with_owner(group, notebook, notes, roster)
    made.handed_in, made.dated_by = (group.time, "the name of the file") if group.time else (time, "the time of the file")
    return made


def _unpacked(group, problems):
    """The files of a student that may be notebooks, those in archives among them, with their times.

    What lies in a student's own archive has the time of the archive: the times inside are the student's.
    """
    for name, data in sorted(group.files, key=lambda each: each[0]):
        if name.lower().endswith(".zip"):
            files, ignored = _archive_files(name, content_of(data))
            problems += ignored
            yield from (
                (f"{name}/{inner}", inside, _time_of(data)) for inner, inside in files if inner.lower().endswith(NOTEBOOKS)
            )
        elif name.lower().endswith(NOTEBOOKS):
            yield name, data, _time_of(data)


def _rank(name, notebook, assignment, answers):
    """Smaller for what is more likely the one to grade: more answers, the right name, less deep."""
    changed = {
        key
        for cell in notebook.cells
        if (key := _grade_id(cell)) in answers and key != STUDENT_CELL and cell.source.strip() not in ("", answers[key].strip())
    }
    path = PurePosixPath(name)
    return (-len(changed), path.name != f"{assignment.name}.ipynb", len(path.parts), name)


def _belongs(notebook, answers, own):
    ids = {_grade_id(cell) for cell in notebook.cells}
    if {_grade_id(cell) for cell in notebook.cells if _mark(cell).get("solution")} & own:
        return True
    from .judge import bound_names

    wanted = {name for source in answers.values() for name in bound_names(source)} - {STUDENT_CELL}
    defined = {name for cell in notebook.cells if cell.cell_type == "code" for name in bound_names(cell.source)}
    return not ids - {None} and bool(wanted & defined)


def _mark(cell):
    mark = cell.metadata.get("nbgrader") if isinstance(cell.metadata, dict) else None
    return mark if isinstance(mark, dict) else {}


def _grade_id(cell):
    return _mark(cell).get("grade_id")


def _with_owner(group, notebook, notes, roster):
    """The submission with the identifier whose parameters count, and what is odd about the one that it names."""
    name = named_student([cell.source for cell in notebook.cells if cell.cell_type == "code"])
    owner = group.student
    if name is not None and name_key(name) != name_key(owner):
        if roster and group.known and name_key(name) in roster.also(owner):
            owner = name
        elif not group.known:
            owner = name
            if roster:
                notes.append(f"{shown(group.student)} is not in the roster; the notebook names {shown(name)}")
        else:
            notes.append(f"the notebook works with the parameters of {shown(name)}")
    elif name is None and not group.known:
        notes.append("neither the roster nor the notebook says whose it is")
    return Submission(group.student, notebook, notes=tuple(notes), owner=owner, known=group.known)


def _note_shared(submissions):
    owners = {}
    for each in submissions:
        if each.notebook is not None:
            owners.setdefault(name_key(each.owner), []).append(each)
    for same in owners.values():
        for each in same if len(same) > 1 else ():
            others = ", ".join(shown(other.student) for other in same if other is not each)
            each.notes = (*each.notes, f"the same identifier {shown(each.owner)} is used by {others}")


def named_student(sources):
    """The identifier that code last assigns to `student`, or None where there is none but the placeholder."""
    names = [name for name in (assigned_text(source, STUDENT_CELL) for source in sources) if name]
    names = [name for name in names if name_key(name) not in ("", name_key(PLACEHOLDER))]
    return names[-1] if names else None


def assigned_text(source, variable):
    """The text that a piece of code last assigns to a variable, or None."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values = [
        node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
    ]
    return values[-1] if values and isinstance(values[-1], str) else None
