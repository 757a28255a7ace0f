"""Starts a program that may be hostile, with as little around it as the system lets us arrange.

Run as ``python -I -S launch_confined.py SPECIFICATION``, a JSON text; uses the standard library alone. With ``"namespaces": true`` (Linux) the program
gets a file system of its own: the folders in `visible` read-only, a small one in memory to write to, and nothing else; no network; process numbers
of its own, so that nothing outlives it; another user where we are root. With or without them it gets a session of its own and limits.

With ``"prepares": true`` (root only) the program is one of ours that sees the same files, has no limits and goes on as root: `prepared`, whose copies each
become a notebook's process by `enter_namespaces` and `limit`.
"""

import ctypes
import json
import os
import resource
import signal
import stat
import sys
import time

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD = 442, 0x8000, -100
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 1, 38, 4
DEVICES = ("null", "zero", "full", "random", "urandom")
WRITABLE = "/work"
PLACES = {"notebook": None, "home": None, "tmp": "/tmp", "shm": "/dev/shm"}
PAGE = resource.getpagesize()
EVERY = 0.25
TOO_MUCH_MEMORY = 99

libc = ctypes.CDLL(None, use_errno=True)


def main():
    """Confine this process as told, and become the program."""
    wanted = json.loads(sys.argv[1])
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getpid() != os.getpgrp():
        os.setsid()
    os.umask(0o077)
    if wanted["prepares"]:
        prepare_view(wanted)
    elif wanted["namespaces"]:
        enter_namespaces(wanted, build_view)
    else:
        for source, name in wanted["copies"]:
            copy(source, os.path.join(wanted["folder"], "home", name), os.getuid(), os.getgid())
        os.chdir(wanted["folder"])
    if not wanted["prepares"]:
        limit(wanted["limits"])
    os.execve(wanted["command"][0], wanted["command"], wanted["environment"])


def enter_namespaces(wanted, view):
    """Go on as a process that sees its own files, network and processes only; returns in that process. `view` makes the files that it sees."""
    root, uid, gid = os.getuid() == 0, os.getuid(), os.getgid()
    call(libc.unshare(NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET | (0 if root else NEWUSER)), "unshare")
    if not root:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            write(f"/proc/self/{name}", text)
    user = wanted["user"] if root else uid
    follow(os.fork())
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    view(wanted, user, user if root else gid)
    prctl(PR_SET_DUMPABLE, 0)
    child = os.fork()
    if child:
        guard(child, wanted["limits"]["memory"])
    if root:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.chdir(f"{WRITABLE}/notebook")


def prepare_view(wanted):
    """Go on as root that sees what notebooks see, and no processes."""
    call(libc.unshare(NEWNS), "unshare")
    build_view(wanted, os.getuid(), os.getgid(), processes=False)
    os.chdir(f"{WRITABLE}/notebook")


def renew_view(wanted, uid, gid):
    """In a copy of a process that has called `prepare_view`: put new places to write to over those that are there, and show the processes."""
    caches, meanwhile = os.open(f"{WRITABLE}/home", os.O_RDONLY | os.O_DIRECTORY), "/proc"
    own_places(meanwhile, wanted, uid, gid)
    for name, place in PLACES.items():
        for target in filter(None, (f"{WRITABLE}/{name}", place)):
            os.chdir(target)
            mount(f"{meanwhile}/{name}", target, None, MS_BIND)
            for path in wanted["visible"]:  # what lies beneath is covered now, but not for the working folder
                if path.startswith(target + "/"):
                    show(path, "", os.path.relpath(path, target))
    call(libc.umount2(meanwhile.encode(), MNT_DETACH), "umount")
    os.fchdir(caches)
    os.close(caches)
    copy(".", f"{WRITABLE}/home", uid, gid)
    show_processes("")


def build_view(wanted, uid, gid, processes=True):
    """Make the only files that the program will see, and make them the root."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = wanted["mount_point"]
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0755")
    for name in ("proc", "dev", "tmp", "dev/shm", WRITABLE[1:]):
        os.makedirs(f"{root}/{name}", 0o755, exist_ok=True)
        os.chmod(f"{root}/{name}", 0o755)
    own_places(root + WRITABLE, wanted, uid, gid)
    for name, place in PLACES.items():
        if place:
            mount(f"{root}{WRITABLE}/{name}", root + place, None, MS_BIND)
    for path in wanted["visible"]:
        show(path, root)
    for path in wanted["empty"]:
        if os.path.isdir(root + path):
            mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0755")
    for path in wanted["shown_again"]:
        show(path, root)
    for path in wanted["empty"]:
        if os.path.ismount(root + path):
            read_only(root + path)
    for name in DEVICES:
        bind(f"/dev/{name}", f"{root}/dev/{name}")
    for source, name in wanted["copies"]:
        copy(source, f"{root}{WRITABLE}/home/{name}", uid, gid)
    if processes:
        show_processes(root)
    enter(root)
    read_only("/")


def own_places(folder, wanted, uid, gid):
    """Make the places that the program may write to, in a small file system in memory that is mounted upon a folder."""
    mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, f"size={wanted['limits']['disk']},nr_inodes=20000,mode=0755")
    for name in PLACES:
        os.mkdir(f"{folder}/{name}", 0o700)
        os.chown(f"{folder}/{name}", uid, gid)


def show_processes(root):
    """Show the processes of the namespace; inside of some containers a new /proc is not allowed, and then there is none."""
    try:
        mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV)
    except OSError:
        pass


def enter(root):
    """Make a folder the root of the file system; what was there before is gone."""
    os.chdir(root)
    os.makedirs(".old", exist_ok=True)
    call(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b".old"), "pivot_root")
    os.chdir("/")
    call(libc.umount2(b"/.old", MNT_DETACH), "umount")
    os.rmdir("/.old")


def show(path, root, source=None):
    """Let a file, a folder or a symbolic link of ours be seen read-only in the new root; `source` is where it is, if not at its path."""
    source = source or path
    if not os.path.lexists(source) or (os.path.lexists(root + path) and not os.path.isdir(root + path)):
        return
    parents(path, root)
    if os.path.islink(source):
        if not os.path.lexists(root + path):
            os.symlink(os.readlink(source), root + path)
        return
    bind(source, root + path)
    read_only(root + path)


def parents(path, root):
    """Make the folders that lead to a path."""
    made = root
    for part in path.strip("/").split("/")[:-1]:
        made += "/" + part
        if not os.path.isdir(made):
            os.mkdir(made, 0o755)
            os.chmod(made, 0o755)


def bind(source, target):
    """Mount a file or folder at another place."""
    if stat.S_ISDIR(os.stat(source).st_mode):
        os.makedirs(target, 0o755, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT, 0o644))
    mount(source, target, None, MS_BIND | MS_REC)


def copy(source, target, uid, gid):
    """Copy a folder; what cannot be read is left out."""
    for folder, _, names in os.walk(source):
        place = os.path.normpath(os.path.join(target, os.path.relpath(folder, source)))
        os.makedirs(place, 0o700, exist_ok=True)
        os.chown(place, uid, gid)
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as stream, open(os.path.join(place, name), "wb") as out:
                    out.write(stream.read())
                os.chown(os.path.join(place, name), uid, gid)
            except OSError:
                pass


def limit(limits):
    """Set limits on one process: address space, processor time, sizes of files, and numbers of files and processes."""
    for name, value in (
        ("RLIMIT_AS", limits["memory"]),
        ("RLIMIT_CPU", limits["seconds"]),
        ("RLIMIT_FSIZE", limits["file"]),
        ("RLIMIT_NOFILE", limits["files"]),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NPROC", limits["processes"]),
    ):
        if value is not None:
            try:
                resource.setrlimit(getattr(resource, name), (value, value))
            except (ValueError, OSError, AttributeError):
                pass  # a lower limit is in force already, or the system has none of this kind


def guard(child, most):
    """As the first process of the namespace: end with the program, and end it when all together take too much memory."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    close_all()
    while True:
        status = reaped(child)
        if status is not None:
            os._exit(status)
        if most and memory() > most:
            os._exit(TOO_MUCH_MEMORY)
        time.sleep(EVERY)


def close_all():
    """Close what belongs to the program alone, so that the other side of its pipes sees it end."""
    os.closerange(0, 1024)


def reaped(child):
    """Collect what has ended; the exit status of the program, or None while it runs."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 1
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 127
        if pid == 0:
            return None


def memory():
    """Bytes that all processes of the namespace hold in memory."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/statm") as stream:
                    pages = stream.read().split()
                total += (int(pages[1]) - int(pages[2])) * PAGE
            except (OSError, IndexError):
                pass
    return total


def follow(child):
    """In the process that forked: end as the child ends; returns in the child."""
    if child:
        close_all()
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 127)


def mount(source, target, kind, flags, options=None):
    """Mount, or raise an OSError."""
    texts = [None if each is None else os.fsencode(each) for each in (source, target, kind, options)]
    call(libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), f"mount {target}")


def read_only(path):
    """Make a mount, and all mounts below it, read-only."""

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    wanted = Attributes(1 | 2 | 4, 0, 0, 0)  # read-only, no set-user-id, no devices
    if path == "/":  # the places to write to lie below it
        call(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, b"/", 0, ctypes.byref(wanted), ctypes.sizeof(wanted)), "mount_setattr /")
    else:
        call(
            libc.syscall(
                SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE, ctypes.byref(wanted), ctypes.sizeof(wanted)
            ),
            f"mount_setattr {path}",
        )


def prctl(option, value):
    """Set an attribute of this process."""
    if sys.platform == "linux":
        libc.prctl(option, ctypes.c_ulong(int(value)), 0, 0, 0)


def write(path, text):
    """Write a short text."""
    with open(path, "w") as stream:
        stream.write(text)


def call(status, what):
    """Raise an OSError where a system call failed."""
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
