"""Set up ``.venv`` with the pinned packages; does nothing where that has been done.

``--extra NAME`` installs the pins of ``requirements-NAME.txt`` on top.  ``--run ...`` becomes the environment's Python with
these arguments.  The fast installer uv does the work where it can be had, and pip where not.

Run by ``make`` before everything else, so it uses the standard library alone and is written
so that an old Python can read it and say that it is too old.
"""

from __future__ import print_function

import ast
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys

try:
    import fcntl
except ImportError:
    fcntl = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "set-up-for")
LOG = os.path.join(VENV, "set-up.log")
OLDEST = (3, 11)
NEEDED_GIGABYTES = 1.5
INPUTS = ("requirements.txt", "pyproject.toml", os.path.join("lib", "setup_environment.py"))
INTERRUPTED = 130
TEMPLATES = "{}$"
UV = "uv==0.13.9"
UV_OPTIONS = ["--no-config", "--index-strategy", "unsafe-best-match"]  # every index counts alike, as for pip
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
}
"""Settings of pip that say where packages come from, and what uv calls them."""

NOT_FOR_UV = (
    "cache-dir",
    "config-file",
    "default-timeout",
    "disable-pip-version-check",
    "no-input",
    "progress-bar",
    "quiet",
    "retries",
    "timeout",
)
"""Settings of pip that uv may leave alone; with any other one pip does the work."""

PIP_SETTINGS = {
    "PIP_USER": "0",
    "PIP_DRY_RUN": "0",
    "PIP_REQUIRE_HASHES": "0",
    "PIP_NO_DEPS": "0",
    "PIP_IGNORE_INSTALLED": "0",
}
DROPPED = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")
"""Settings of the reader's that would send the packages elsewhere, or bring others."""

SYMPTOMS = (
    (("No space left on device",), "the disk is full; free about 1.5 GB and try again"),
    (
        ("NewConnectionError", "ConnectionError", "name resolution", "ConnectTimeout", "Max retries", "from versions: none"),
        "the package index could not be reached; the first set-up needs the network, later builds do not",
    ),
)


def main():
    """Set the environment up, print its Python with ``--print-python``, or become it with ``--run``."""
    if "--print-python" in sys.argv:
        print(venv_python())
        return 0
    if "--run" in sys.argv:
        return become(sys.argv[sys.argv.index("--run") + 1 :])
    try:
        with alone():
            return set_up_all()
    except KeyboardInterrupt:
        restore()
        print("\nerror: the set-up was interrupted; give the command again.", file=sys.stderr)
        return INTERRUPTED


def become(arguments):
    """Run the environment's Python in place of this one."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    if os.name == "nt":
        return subprocess.call([venv_python()] + arguments, env=environment)
    os.execve(venv_python(), [venv_python()] + arguments, environment)


def set_up_all():
    """Set up the environment, and the extra that the command line names; returns the exit status."""
    restore()
    status = set_up(STAMP, key(), make)
    if status == 0 and "--extra" in sys.argv:
        name = sys.argv[sys.argv.index("--extra") + 1]
        status = set_up(STAMP + "-" + name, key(extra_pins(name)), lambda: install_extra(name))
    return status


def set_up(stamp, wanted, steps):
    """Take the steps unless the stamp says that they have been taken; says in a sentence what went wrong."""
    if is_set_up(stamp, wanted):
        return 0
    problem = steps()
    if problem:
        print("error: " + problem + ".", file=sys.stderr)
        return 2
    with open(stamp, "w") as stream:
        stream.write(wanted)
    return 0


def mark():
    """The file that says that a set-up made the environment, from its first moment on."""
    return os.path.join(VENV, "made-by-set-up")


def before():
    """Where the environment of before waits until the new one stands."""
    return VENV + "-before"


@contextlib.contextmanager
def alone():
    """Wait until no other set-up of this folder runs; the lock is on this file and goes with the process."""
    with open(os.path.abspath(__file__)) as stream:
        try:
            if fcntl:
                lock(stream)
        except OSError as error:
            print("Going on without a lock (%s)." % error.strerror, flush=True)
        yield


def lock(stream):
    """Get the lock, saying so where that takes time."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another set-up of this folder is running; waiting for it.", flush=True)
        fcntl.flock(stream, fcntl.LOCK_EX)


def make():
    """Make the environment anew; where that fails, the one that was there stays. Returns a sentence if it fails."""
    problem = what_is_missing() or not_ours()
    if problem:
        return problem
    if os.path.isdir(VENV):
        os.rename(VENV, before())
    problem = create() or install()
    if problem and os.path.isdir(before()):
        restore()
        return problem + "; the environment that was there stays, for the pins that it was made from"
    shutil.rmtree(before(), ignore_errors=True)
    return problem


def restore():
    """Put the environment of before back where a set-up did not come to its end."""
    if os.path.isdir(before()):
        if os.path.exists(STAMP):
            shutil.rmtree(before(), ignore_errors=True)
        else:
            shutil.rmtree(VENV, ignore_errors=True)
            os.rename(before(), VENV)


def not_ours():
    """A sentence where ``.venv`` is something that no set-up has made, or None."""
    marks = (STAMP, LOG, mark())
    if os.path.islink(VENV) or (os.path.exists(VENV) and not any(os.path.exists(mark) for mark in marks)):
        return "%s was not made by this set-up; move it away, and give the command again" % VENV
    return None


def venv_python():
    """The interpreter of the environment."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(VENV, folder, name)


def extra_pins(name):
    """The list of pins of an optional extra."""
    return "requirements-%s.txt" % name


def key(*more):
    """A hash of what the environment is made from."""
    digest = hashlib.sha256(repr((ROOT, sys.version_info[:2])).encode())
    for name in INPUTS + more:
        with open(os.path.join(ROOT, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def is_set_up(stamp, wanted):
    """Whether the environment stands and was made from the present inputs."""
    if not (os.path.exists(stamp) and os.path.exists(venv_python())):
        return False
    with open(stamp) as stream:
        return stream.read() == wanted


def what_is_missing():
    """One sentence on what this machine lacks, or None."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:2])
        return "Python 3.11 or later is needed, this is %s; give PYTHON=/path/to/a/newer/python" % found
    try:
        import ensurepip
        import venv

        assert ensurepip and venv
    except ImportError:
        return "this Python has no venv module; install it (on Debian and Ubuntu: apt install python3-venv)"
    if not os.access(ROOT, os.W_OK):
        return "the folder %s cannot be written to" % ROOT
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GIGABYTES:
        return "the disk of %s has %.1f GB free and the set-up needs %.1f GB" % (ROOT, free, NEEDED_GIGABYTES)
    return None


def create():
    """Make a fresh virtual environment; returns a sentence if that fails."""
    print("Setting up .venv: about 130 packages, half a minute to three, only this once.", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    os.mkdir(VENV)
    open(mark(), "w").close()
    return run([base_python(), "-m", "venv", VENV], "the virtual environment could not be made")


def base_python():
    """The interpreter that made this one's environment: an activated ``.venv`` goes away before it is made again."""
    return getattr(sys, "_base_executable", None) or sys.executable


def install():
    """Install the pins and this package; returns a sentence if that fails."""
    problem = install_packages(["-r", os.path.join(ROOT, "requirements.txt")], "the packages could not be installed")
    if problem or any(character in ROOT for character in TEMPLATES):
        return problem or link_itself()
    return install_packages(["--no-deps", "--no-build-isolation", "-e", "."], "this package could not be installed")


def link_itself():
    """Do what an editable installation does, in a folder whose name setuptools takes for a template."""
    site = subprocess.check_output([venv_python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    site = site.decode().rstrip("\r\n")
    with open(os.path.join(ROOT, "pyproject.toml")) as stream:
        version = next(line.split('"')[1] for line in stream if line.startswith("version"))
    information = os.path.join(site, "learning_dynamics-%s.dist-info" % version)
    if not os.path.isdir(information):
        os.mkdir(information)
    for name, text in (
        (os.path.join(information, "METADATA"), "Metadata-Version: 2.1\nName: learning-dynamics\nVersion: %s\n" % version),
        (os.path.join(information, "INSTALLER"), "setup_environment\n"),
        (os.path.join(site, "learning_dynamics.pth"), os.path.join(ROOT, "lib") + "\n"),
    ):
        with open(name, "w") as stream:
            stream.write(text)


def install_extra(name):
    """Install the pins of an optional extra; returns a sentence if that fails."""
    print("Adding the optional packages of %s, only this once." % extra_pins(name), flush=True)
    return install_packages(["-r", os.path.join(ROOT, extra_pins(name))], "the packages could not be installed")


def install_packages(arguments, failure):
    """Let uv install something, or pip where uv cannot; returns a sentence if both fail."""
    settings = uv_settings()
    if settings is not None and uv():
        command = [uv(), "pip", "install"] + UV_OPTIONS + ["--python", venv_python()]
        if not run(command + arguments, failure, settings):
            return None
    return run(pip() + arguments, failure)


def uv():
    """The program uv of the environment, fetched where it is not there yet; None where it cannot be had."""
    program = os.path.join(os.path.dirname(venv_python()), "uv.exe" if os.name == "nt" else "uv")
    if not os.path.exists(program):
        run(pip() + ["--retries", "1", "--no-deps", "--only-binary", ":all:", UV], "uv could not be installed")
    return program if os.path.exists(program) else None


def pip():
    """The beginning of every command with the environment's pip."""
    return [venv_python(), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


def uv_settings():
    """What the reader has told pip about where packages come from, in variables for uv; None if pip was told more than that."""
    told = told_to_pip()
    if told is None or set(told) - set(UV_NAMES) - set(NOT_FOR_UV):
        return None
    between = {"find-links": ","}
    return {UV_NAMES[name]: between.get(name, " ").join(told[name].split()) for name in told if name in UV_NAMES}


def told_to_pip():
    """The settings of pip in files and variables of the reader's, without our own; None where pip does not say."""
    command = [venv_python(), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = {}
    for section in ("global.", "install.", ":env:."):
        for line in listed.stdout.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name[len(section) :]] = ast.literal_eval(value)
    own = [name[len("PIP_") :].lower().replace("_", "-") for name in PIP_SETTINGS]
    return {name: found[name] for name in found if name not in own} if listed.returncode == 0 else None


def run(command, failure, settings=None):
    """Run a command, with these variables besides; returns a sentence if it fails."""
    variables = dict(environment(), **(settings or {}))
    done = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    return explanation(done.stdout, failure) if done.returncode else None


def environment():
    """The environment variables for pip, uv and venv: where packages come from stays the reader's choice, where they go not."""
    variables = {name: value for name, value in os.environ.items() if name not in DROPPED and not uv_is_told(name)}
    variables.update(PIP_SETTINGS)
    return variables


def uv_is_told(name):
    """Whether a variable is for uv, which is to be told what pip is told; where its downloads are kept stays the reader's choice."""
    return name.startswith("UV_") and name != "UV_CACHE_DIR"


def explanation(output, failure):
    """The sentence that fits what a failed command printed."""
    for symptoms, sentence in SYMPTOMS:
        if any(symptom in output for symptom in symptoms):
            return sentence
    errors = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    last = ([line for line in errors if line.upper().startswith("ERROR:")] or errors)[-1].rstrip(".")
    log = before() if os.path.isdir(before()) else VENV
    if os.path.isdir(log):
        log = os.path.join(log, os.path.basename(LOG))
        with open(log, "w") as stream:
            stream.write(output)
        return "%s: %s (all of its output: %s)" % (failure, last, os.path.join(VENV, os.path.basename(LOG)))
    return "%s: %s" % (failure, last)


if __name__ == "__main__":
    sys.exit(main())
