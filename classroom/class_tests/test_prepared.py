"""The process of a notebook is a copy of one that has imported what it needs: it is confined in every respect as one that is started by itself."""

import os
from dataclasses import replace

import pytest

from learning_dynamics.classroom import starting
from learning_dynamics.classroom.isolation import chosen, what_is_missing
from learning_dynamics.classroom.starting import Copy
from learning_dynamics.classroom.student_process import StudentKernel
from learning_dynamics.classroom.warm import modules_of

from .conftest import ASSIGNMENTS

ASSIGNMENT = ASSIGNMENTS["stieltjes"]
pytestmark = pytest.mark.skipif(
    bool(what_is_missing()) or os.getuid() != 0, reason="only root, where there are namespaces, makes copies"
)
PORTRAITS = {
    "who it is, and what it may": """
kept = ("Groups", "Cap", "NoNewPrivs", "Seccomp:", "Umask", "Shd", "SigIgn", "SigBlk")
print([line.split() for line in open("/proc/self/status") if line.startswith(kept)])
ids = [line.split()[1:] for line in open("/proc/self/status") if line.startswith(("Uid", "Gid"))]
print({number == ids[0][0] for each in ids for number in each}, ids[0][0] != "0")""",
    "limits": "import resource\nprint([(k, resource.getrlimit(v)) for k, v in sorted(vars(resource).items()) if k.startswith('RLIMIT')])",
    "environment": "import os\nprint(sorted(os.environ.items()), os.getcwd(), sorted(open('/proc/self/environ').read().split(chr(0))))",
    "open files": """
import os
print(sorted((os.readlink(f"/proc/self/fd/{n}").split(":")[0]) for n in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{n}")))""",
    "processes": """
import os
print(sorted(n for n in os.listdir("/proc") if n.isdigit()), os.getppid(), os.getpid() == os.getpgrp(), os.getsid(0))
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))""",
    "what is seen": """
import os
for folder in ("/", "/work", "/work/notebook", "/tmp", "/dev", "/dev/shm", "/etc"):
    print(folder, sorted(os.listdir(folder)), oct(os.stat(folder).st_mode), os.stat(folder).st_uid == os.getuid())
print(os.stat("/work/home").st_uid == os.getuid(), oct(os.stat("/work/home").st_mode))""",
    "what is left of the library": """
import learning_dynamics, os
for folder, folders, names in sorted(os.walk(os.path.dirname(learning_dynamics.__file__))):
    print(folder, sorted(folders), sorted(names))""",
    "what is mounted, and how": """
def flags(path):
    words = [line.split() for line in open("/proc/self/mountinfo")]
    return sorted(next(w[5] for w in words[::-1] if w[4] == path).split(","))
for path in ("/", "/proc", "/tmp", "/dev/shm", "/usr", "/dev/null"):
    print(path, flags(path))""",
    "what can be written": """
import os, sys
for folder in ("/", "/work", "/proc", "/dev", "/usr", sys.prefix, os.path.dirname(np.__file__), "/work/home", "/work/notebook", "/tmp", "/dev/shm"):
    try:
        open(folder + "/x", "w").write("x")
        print(folder, "written")
    except OSError as error:
        print(folder, error.errno)
for path in ("/proc/self/exe", np.__file__):
    try:
        os.chmod(path, 0o777)
        print("changed")
    except OSError as error:
        print(error.errno)""",
    "networks": "import os\nprint(os.listdir('/sys') if os.path.exists('/sys') else None, open('/proc/net/dev').read().count(':'))",
    "modules of ours": "import sys\nprint(sorted(n for n in sys.modules if n.startswith('learning_dynamics.classroom.') and n.split('.')[-1] not in ('prepared', 'launch_confined', 'runner')))",
}


@pytest.fixture(scope="module")
def kernels():
    """Two processes of notebooks: a copy, and one that was started by itself."""
    copied = chosen("required").warmed((), modules_of(ASSIGNMENT))
    with StudentKernel(copied) as copy, StudentKernel(replace(copied, modules=())) as alone:
        assert isinstance(copy.process, Copy) and not isinstance(alone.process, Copy)
        for each in (copy, alone):
            assert each.run("import numpy as np", 60).error == ""
        yield copy, alone


def said(kernel, source):
    outcome = kernel.run(source, 60)
    assert outcome.error == ""
    return "".join(each["text"] for each in outcome.outputs)


@pytest.mark.parametrize("respect", PORTRAITS)
def test_a_copy_is_confined_as_a_process_of_its_own(kernels, respect):
    copy, alone = (said(each, PORTRAITS[respect]) for each in kernels)
    assert copy == alone and len(copy) > 1


def test_copies_have_users_names_and_random_numbers_of_their_own(kernels):
    source = "import os\nprint(os.getuid(), os.listdir('/work/notebook'), np.random.standard_normal(4))\nhidden = 1\nopen('left', 'w').close()"
    isolation = chosen("required").warmed((), modules_of(ASSIGNMENT))
    found = []
    for _ in range(2):
        with StudentKernel(isolation) as kernel:
            found.append(said(kernel, "import numpy as np\nassert 'hidden' not in globals()\n" + source))
    first, second = (each.split(" ", 2) for each in found)
    assert first[0] != second[0] and first[1] == second[1] == "[]" and first[2] != second[2]


def test_what_a_notebook_imports_is_there_already(kernels):
    source = f"import sys\nprint([name in sys.modules for name in {modules_of(ASSIGNMENT)!r}])"
    assert set(eval(said(kernels[0], source))) == {True}
    assert "matplotlib.figure" in modules_of(ASSIGNMENT) and "matplotlib.pyplot" not in modules_of(ASSIGNMENT)


def test_without_copies_notebooks_are_started_as_ever(monkeypatch):
    isolation = chosen("required").warmed((), ("numpy",))
    monkeypatch.setattr(starting, "PREPARED", "learning_dynamics.classroom.nothing")
    monkeypatch.setattr(starting, "_kept", {})
    with StudentKernel(isolation) as kernel:
        assert not isinstance(kernel.process, Copy)
        assert said(kernel, "print(1 + 1)") == "2\n"


def test_where_what_is_copied_has_ended_there_is_a_new_one():
    isolation = chosen("required").warmed((), ("numpy", "json"))
    with StudentKernel(isolation) as kernel:
        first = kernel.process.copies
        first.process.kill()
        first.process.wait()
    with StudentKernel(isolation) as kernel:
        assert isinstance(kernel.process, Copy) and kernel.process.copies is not first
        assert said(kernel, "print(1 + 1)") == "2\n"
