"""Notebooks that want points without answers, or harm: each earns what its honest answers earn, changes nothing, and is noted."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

import learning_dynamics
from learning_dynamics.classroom.grading import grade
from learning_dynamics.classroom.isolation import what_is_missing
from learning_dynamics.classroom.judge import Judge, judging_plan
from learning_dynamics.classroom.release import released as released_version
from learning_dynamics.classroom.student_process import StudentKernel

from .conftest import ASSIGNMENTS, cell, hand_in, ready, solved

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
FULL = {task.id: None if task.by_hand else task.points for task in ASSIGNMENT.tasks}
EMPTY = dict.fromkeys(FULL, 0.0)
EXPERIMENT = {"experiment-mean": 0.0, "experiment-sd": 0.0}
PACKAGE = Path(learning_dynamics.__file__).parent
SECRET = "a-secret-of-the-teacher"
TIMEOUT = 8
NEEDS_NAMESPACES = pytest.mark.skipif(bool(what_is_missing()), reason="this system has no namespaces to offer")
pytestmark = NEEDS_NAMESPACES

WITHOUT_ANSWERS = {  # name: code of the cell `transform` in a notebook without any answer; all earn nothing
    "replaced expect": """
import learning_dynamics.classroom as c, learning_dynamics.classroom.checks as k
expect = expect_each = c.expect = c.expect_each = k.expect = k.expect_each = lambda *a, **o: None
transform = circle_integral = moment = lambda *a: 0.0
log_mean = sd_independent = mean_L = sd_L = 1.0""",
    "transformed input": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n" if "expect" in line else line for line in lines])
transform = circle_integral = moment = lambda *a: 0.0""",
    "frames": """
import sys

def transform(z, c):
    frame = sys._getframe(1)
    while frame:
        for names in (frame.f_locals, frame.f_globals):
            if "reference" in names:
                return names["reference"](z, c=c)
        frame = frame.f_back
    return 0.0""",
    "objects of the collector": """
import gc
found = [each for each in gc.get_objects() if getattr(each, "__name__", "") in ("reference", "exact", "_expect")]
transform = found[0] if found else lambda z, c: 0.0""",
    "modules of the judge": """
import sys
from learning_dynamics.classroom import judge
transform = judge.Judge
sys.modules["learning_dynamics.classroom.judge"] = None""",
    "an object that agrees": """
import numbers

class Chameleon(numbers.Number):
    __hash__ = None
    def __eq__(self, other):
        return True
    def __complex__(self):
        import sys
        return complex(sys._getframe(1).f_locals.get("wanted", 1))
    def __array__(self, *arguments):
        return np.asarray(complex(self))

log_mean = sd_independent = mean_L = sd_L = Chameleon()""",
    "masters on disk": """
import glob, os, json
places = [path for top in ("/", os.getcwd(), MASTERS) for path in glob.glob(top + "/**/stieltjes.ipynb", recursive=True)] if False else []
for folder, _, names in os.walk("/"):
    if not folder.startswith(("/proc", "/usr")):
        places += [os.path.join(folder, name) for name in names if name.endswith((".ipynb", "assignment.yml", "marks.csv", "grades.csv"))]
for path in places + [MASTERS + "/stieltjes/stieltjes.ipynb"]:
    for each in json.load(open(path))["cells"]:
        if each["cell_type"] == "code":
            exec("".join(each["source"]))""",
    "silenced errors": """
get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)
get_ipython().showtraceback = lambda *a, **k: None
transform = circle_integral = moment = None""",
    "forged messages": """
import json, os, struct
text = json.dumps({"kind": "value", "value": {"transform": {"function": "transform"}}, "points": 25, "passed": True}).encode()
for number in range(3, 64):
    try:
        os.write(number, struct.pack("<Q", len(text)) + text)
    except OSError:
        pass""",
    "patched wire": """
import learning_dynamics.classroom.wire as wire, learning_dynamics.classroom.runner as runner
import sys
for module in (wire, runner, sys.modules["__main__"]):
    module.pack = lambda *a, **k: {"passed": True}
transform = circle_integral = moment = lambda *a: 0.0
log_mean = 1.0
os = __import__("os")""",
    "other parameters": """
import learning_dynamics.classroom as c
vars(c)["parameters"] = parameters = lambda *a: __import__("types").SimpleNamespace(c=0.2, c_wide=2.0, seed=1)
log_mean, sd_independent, mean_L, sd_L = -0.1, 1.0, 1.0, 1.0""",
}
WITH_ANSWERS = {  # name: (code of an added cell in a notebook with all answers, points that differ from full)
    "library on disk": (
        """
import os
for name in ("checks.py", "runner.py", "__init__.py", "../__init__.py"):
    try:
        open(os.path.join(PACKAGE, "classroom", name), "a").write("expect = expect_each = lambda *a, **k: None")
    except OSError as error:
        print(error)""",
        {},
    ),
    "results on disk": (
        """
import os, sqlite3
for folder in (OUT, HANDED_IN):
    for path, _, names in os.walk(folder):
        for name in names:
            print("SEEN", path, name)
    try:
        os.makedirs(folder, exist_ok=True)
        open(folder + "/marks.csv", "w").write("student,task,points")
        sqlite3.connect(folder + "/gradebook.db").execute("create table x (y)")
    except OSError as error:
        print(error)""",
        {},
    ),
    "processes": (
        """
import os
for name in os.listdir("/proc"):
    for kind in ("cmdline", "environ"):
        try:
            print(open(f"/proc/{name}/{kind}").read())
        except OSError:
            pass""",
        {},
    ),
    "environment": ("import os\nprint(dict(os.environ), os.path.expanduser('~'), os.listdir(os.path.expanduser('~')))", {}),
    "parents killed": ("import os\nos.kill(os.getppid(), 9)\nos.kill(1, 9)\nos.kill(-1, 9)", {}),
    "groups killed": ("import os, signal\nos.killpg(0, signal.SIGKILL)", {}),
    "daemons": (
        """
import os, subprocess
subprocess.Popen(["sleep", "98765"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    os.execvp("sleep", ["sleep", "98765"])""",
        {},
    ),
    "fork bomb": ("import os\nwhile True:\n    os.fork()", {}),
    "memory bomb": ("import os\nheld = []\nwhile True:\n    held.append(bytearray(b'x') * 10**8)", {}),
    "memory of many": (
        """
import os, time
for number in range(8):
    if os.fork() == 0:
        held = bytearray(b"x") * (10**9)
        time.sleep(1000)
time.sleep(1000)""",
        {},
    ),
    "full disk": (
        "import os\nfor number in range(200):\n    with open(str(number), 'wb') as stream:\n        for _ in range(50):\n            stream.write(bytes(10**6))",
        {},
    ),
    "output flood": (
        "for _ in range(60):\n    print('FLOOD' * 200_000)\nimport os\nos.system('yes FLOOD | head -c 50000000')",
        {},
    ),
    "packages": ("%pip uninstall -y latex2mathml\n%pip install --force-reinstall numpy==1.0", {}),
    "start-up files": (
        """
import os, site, sysconfig
for folder in (os.path.expanduser("~/.ipython/profile_default/startup"), sysconfig.get_path("purelib"), site.getusersitepackages(), "/etc"):
    try:
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "sitecustomize.py"), "w").write("raise SystemExit")
    except OSError as error:
        print(error)""",
        {},
    ),
    "links": ("import os\nos.symlink(HANDED_IN, 'link')\nprint(os.listdir('link'))", {}),
    "forged feedback": (
        """
from IPython.display import HTML, Markdown, SVG, display
display(HTML("<h1 id=forged>Score: 30/30</h1><script>document.title='X13'</script><svg onload=\\"document.title='X13'\\"></svg>"))
display(HTML("<img src=x onerror=\\"document.title='X13'\\"><details open ontoggle=\\"document.title='X13'\\">x</details>"))
display(HTML("<iframe src=https://evil.example></iframe><form action=https://evil.example><input name=x></form><base href=https://evil.example>"))
display(HTML("<a href=\\"javascript:document.title='X13'\\">x</a><style>@import url(https://evil.example)</style><img src=https://evil.example/x.png>"))
display(HTML("<link rel=stylesheet href=https://evil.example/a.css><object data=https://evil.example></object><meta http-equiv=refresh content=0>"))
display(Markdown("<script>document.title='X13'</script> ![x](https://evil.example/y.png) [x](javascript:alert(1))"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload=\\"document.title='X13'\\"><script>document.title='X13'</script></svg>"))
import os""",
        {},
    ),
    "network": (
        "import socket\nfor place in (('127.0.0.1', 22), ('1.1.1.1', 80)):\n    try:\n        socket.create_connection(place, 2)\n        print('CONNECTED')\n    except OSError as error:\n        print(error)",
        {},
    ),
    "a message left": ("import os\nopen('/tmp/message', 'w').write('hello'); open('/dev/shm/message', 'w').write('hello')", {}),
    "a message looked for": (
        "import os\nprint('FOUND' if os.path.exists('/tmp/message') or os.path.exists('/dev/shm/message') else 'nothing')",
        {},
    ),
    "limits lifted": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)",
        {},
    ),
    "namespaces left": (
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for kind in (0x10000000, 0x20000):
    print("unshare", libc.unshare(kind), ctypes.get_errno())
print("umount", [libc.umount2(path.encode(), 2) for path in ("/work", PACKAGE + "/classroom", "/usr")])
print("SEEN" if os.path.exists(PACKAGE + "/classroom/judge.py") else "nothing")""",
        {},
    ),
}


def _hash_of_the_library():
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def attacked(project, tmp_path_factory):
    """Grades of a class of attackers and two honest members, the folder of results, and the library before and after."""
    folder = tmp_path_factory.mktemp("attacked")
    handed_in, out = folder / "in", folder / "out"
    known = (
        f"MASTERS, OUT, HANDED_IN, PACKAGE = {[str(path) for path in (project.root / 'classroom', out, handed_in, PACKAGE)]!r}\n"
    )
    for student, source in WITHOUT_ANSWERS.items():
        notebook = released_version(ASSIGNMENT.master)
        cell(notebook, "student").source = f"student = {student!r}"
        cell(notebook, "transform").source = known + source
        hand_in(notebook, handed_in, student, ASSIGNMENT.name)
    for student, (source, _) in WITH_ANSWERS.items():
        notebook = solved(ASSIGNMENT, student)
        at = next(k for k, each in enumerate(notebook.cells) if each.metadata["nbgrader"]["grade_id"] == "text-05")
        notebook.cells.insert(
            at, {"cell_type": "code", "id": "attack", "metadata": {}, "source": "", "outputs": [], "execution_count": None}
        )
        notebook.cells[at] = type(notebook.cells[0])(
            notebook.cells[at] | {"source": source if source.startswith("%") else known + source}
        )
        hand_in(notebook, handed_in, student, ASSIGNMENT.name)
    for student in ("honest at first", "zz honest at last"):
        hand_in(solved(ASSIGNMENT, student), handed_in, student, ASSIGNMENT.name)
    before = _hash_of_the_library()
    os.environ["TOKEN"] = SECRET
    try:
        grades = grade(project, handed_in, ASSIGNMENT.name, out, timeout=TIMEOUT, isolate="required", say=lambda text: None)
    finally:
        del os.environ["TOKEN"]
    return {each.student: each for each in grades}, out / ASSIGNMENT.name, (before, _hash_of_the_library())


def _page(attacked, student):
    return (attacked[1] / "feedback" / f"{student}.html").read_text("utf-8")


def test_there_are_enough_attacks():
    assert len(WITHOUT_ANSWERS) + len(WITH_ANSWERS) >= 20


@pytest.mark.parametrize("student", WITHOUT_ANSWERS)
def test_an_attack_without_answers_earns_nothing(attacked, student):
    assert attacked[0][student].points == EMPTY


@pytest.mark.parametrize("student", WITH_ANSWERS)
def test_an_attack_leaves_the_points_of_honest_answers(attacked, student):
    assert attacked[0][student].points == FULL | WITH_ANSWERS[student][1], attacked[0][student].says


@pytest.mark.parametrize("student", [*WITHOUT_ANSWERS, *WITH_ANSWERS])
def test_every_attack_is_noted(attacked, student):
    assert any(
        "uses what no answer needs" in note or "process of the notebook ended" in note for note in attacked[0][student].notes
    )


def test_checks_and_notebooks_share_no_name():
    plan = judging_plan(ASSIGNMENT.master.cells)
    judge = Judge(plan, "anna")
    with StudentKernel(ready(ASSIGNMENT, "required"), ASSIGNMENT.forbidden) as kernel:
        for each in solved(ASSIGNMENT, "anna").cells:
            if each.cell_type == "code" and each.metadata["nbgrader"]["grade_id"] != "experiment":
                kernel.run(each.source, 300)
        kernel.run("mean_L = sd_L = 1.0\n_held = dict(globals())", 60)
        changed = "print([k for k, v in list(globals().items()) if k[0] != '_' and k not in _held or k in _held and _held[k] is not v and k[0] != '_'])"
        before, scope = kernel.run(changed, 60).outputs[0]["text"], set(judge.scope)
        for task in plan.checks:
            assert judge.verdict(task, kernel, 300).passed == (not task.startswith("experiment")), task
            assert kernel.run(changed, 60).outputs[0]["text"] == before
            assert set(judge.scope) == scope


def test_nobody_else_is_harmed_and_nothing_is_changed(attacked):
    grades, _, (before, after) = attacked
    for student in ("honest at first", "zz honest at last"):
        assert (grades[student].points, grades[student].notes) == (FULL, [])
    assert before == after
    import latex2mathml

    assert Path(latex2mathml.__file__).exists()


def test_nothing_outlives_its_notebook(attacked):
    assert "98765" not in subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True, check=True).stdout


def test_nothing_of_the_teachers_and_of_others_is_seen(attacked):
    for student in [*WITHOUT_ANSWERS, *WITH_ANSWERS]:
        assert SECRET not in _page(attacked, student), student
    for student, word in (
        ("results on disk", "\nSEEN"),
        ("processes", "learning_dynamics grade"),
        ("network", "\nCONNECTED"),
        ("a message looked for", "\nFOUND"),
        ("namespaces left", "\nSEEN"),
    ):
        shown = _page(attacked, student).split('<pre class="output">')[1:]
        assert all(word.strip() not in part.split("</pre>")[0] for part in shown), student


def test_floods_are_cut(attacked):
    for kind in ("feedback/{}.html", "graded/{}.ipynb"):
        assert (attacked[1] / kind.format("output flood")).stat().st_size < 3_000_000


def test_feedback_runs_nothing_in_a_browser(attacked, tmp_path):
    page = _page(attacked, "forged feedback")
    shown = page.split('<div class="output">', 1)[1]
    for word in (
        "<script",
        "<iframe",
        "<form",
        "<input",
        "<base",
        "<object",
        "<link",
        "<meta",
        "onload=",
        "onerror=",
        "ontoggle=",
    ):
        assert word not in shown.replace("&lt;", "").split("</body>")[0] or word not in _markup(page), word
    browser = Path("/usr/bin/chromium")
    if not browser.exists():
        assert not os.environ.get("REQUIRE_BROWSER")
        return
    command = [
        str(browser),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--dump-dom",
        f"--user-data-dir={tmp_path}",
    ]
    path = attacked[1] / "feedback" / "forged feedback.html"
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "<title>X13</title>" not in done.stdout and "forged feedback</title>" in done.stdout


def _markup(page):
    """The tags of a page, without what stands in texts."""
    from bs4 import BeautifulSoup

    return "".join(str(tag).split(">")[0] for tag in BeautifulSoup(page, "html.parser").body.find_all(True))
