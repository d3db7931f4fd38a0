# SPDX-License-Identifier: MIT
"""What a device gives up, what somebody who has taken it over can still do, and that it serves all
the same: as root, as another user, and where namespaces are forbidden."""

import grp
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from daemon import Daemon, Qmp, program, wait_until
from test_daemon_lifecycle import start_fails
from vfio_user import Client

NOBODY = 65534
root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")


def attempt(what, directory, mode="on", *more):
    """What came of it: done, an error's name, or the signal's."""
    tester = os.path.join(os.path.dirname(program()), "tests", "daemon", "sandbox_test")
    done = subprocess.run([tester, mode, str(directory), what, *more], timeout=20,
                          capture_output=True, text=True)
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture(name="directory")
def fixture_directory(tmp_path):
    (tmp_path / "precious").write_text("data")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "file").write_text("data")
    return tmp_path / "d"


# Done without the sandbox, so that the attempts are known to be ones.
FORBIDDEN = {
    "read_passwd": {"EACCES", "ENOENT"}, "read_beyond": {"EACCES", "ENOENT"},
    "write_elsewhere": {"EACCES"}, "write_within": {"EACCES"},
    "remove_beyond": {"EACCES", "ENOENT"}, "open_inherited": {"EBADF"},
    "run_program": {"SIGSYS"}, "new_process": {"SIGSYS"},
    "inet_socket": {"SIGSYS"}, "unix_socket": {"SIGSYS"}, "trace_child": {"SIGSYS"},
    "kill_parent": {"SIGSYS"}, "map_code": {"SIGSYS"}, "raise_limit": {"SIGSYS"},
    "modern_open": {"SIGSYS"},
}
# What could not be done by everybody, or only with damage.
FORBIDDEN_ONLY = {"mount_something": "SIGSYS", "kill_all": "SIGSYS", "become_root": "SIGSYS",
                  "new_namespace": "SIGSYS", "ring": "ENOSYS"}
ALLOWED = {"write_open_file": "done", "list_dir": "done", "remove_within": "done",
           "remove_by_descriptor": "done", "new_thread": "done", "kill_child": "done",
           "abort_it": "SIGABRT"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden(what, directory):
    assert attempt(what, directory) in FORBIDDEN[what]
    assert (directory.parent / "precious").exists()
    assert attempt(what, directory, "off") == ("" if what == "run_program" else "done")
    if os.path.exists("/tmp/swcxl-sandbox-test"):
        os.unlink("/tmp/swcxl-sandbox-test")


@pytest.mark.parametrize("what", FORBIDDEN_ONLY)
def test_forbidden_to_everybody(what, directory):
    assert attempt(what, directory) == FORBIDDEN_ONLY[what]


@pytest.mark.parametrize("what", ALLOWED)
def test_allowed(what, directory):
    assert attempt(what, directory) == ALLOWED[what]


@pytest.mark.parametrize("what", ["list_dir", "read_passwd", "write_within"])
def test_without_a_state_file_nothing_can_be_opened(what, directory):
    assert attempt(what, directory, "on", "nostate") == "EACCES"


def test_log_lets_it_happen(directory):
    assert attempt("inet_socket", directory, "log") == "done"
    assert attempt("read_passwd", directory, "log") in ("EACCES", "ENOENT")


# ---- the whole device ----------------------------------------------------------------------------

def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))


def drive(prefix, directory, program_path):
    """Two lives of a device with all that it can have, started by a command line that begins with
    prefix. Returns the line that says how it is confined, and its status."""
    paths = {name: str(directory / name) for name in ("vfio", "qmp", "pid", "trace", "state")}
    for life in range(2):
        child = subprocess.Popen(
            [*prefix, program_path, "--log-level", "info", "--persistent", "256M",
             "--volatile", "0", "--state", paths["state"], "--socket-path", paths["vfio"],
             "--qmp", paths["qmp"], "--pid-file", paths["pid"], "--trace", paths["trace"],
             "--run", "cat; exit 7"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = child.stderr.readline()
        assert "confined" in line, line
        wait_until("it is ready", lambda: os.path.exists(paths["pid"]))
        with open(paths["pid"]) as file:
            status = status_of(int(file.read()))
        with Qmp(paths["qmp"]) as qmp:
            found = qmp.cmd("swcxl-query-poison")
            assert len(found) == life
            qmp.cmd("swcxl-plant-poison", start=0, length=64)
        with Client(paths["vfio"]):
            pass
        child.stdin.close()
        child.stdin = None
        child.stderr.read()
        assert child.wait(20) == 7, "the command was let go, and its status is known"
        assert sorted(os.listdir(directory)) == ["state", "trace"]
    assert os.path.getsize(paths["trace"]) > 0
    return line, status


def assert_confined(status):
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert int(status["CapBnd"], 16) == 0 or os.geteuid() != 0


def test_a_device_of_this_user(tmp_path):
    line, status = drive([], tmp_path, program())
    assert_confined(status)
    assert "seccomp" in line


def test_a_device_without_sanitizers(tmp_path):
    """Their build may do more, so what the others may has to be tried with one of those."""
    plain = os.path.join(os.path.dirname(os.environ["LIBSWCXL"]), "swcxl")
    _, status = drive([], tmp_path, plain)
    assert_confined(status)


@pytest.fixture(name="others")
def fixture_others():
    """A directory of nobody's, and a program that nobody can execute."""
    where = os.path.join("/tmp", f"swcxl-others-{os.getpid()}")
    os.mkdir(where, 0o755)
    shutil.copy(program(), os.path.join(where, "swcxl"))
    files = Path(where) / "files"
    files.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(files, NOBODY, NOBODY)
    yield files, os.path.join(where, "swcxl")
    shutil.rmtree(where)


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@root
def test_a_device_of_another_user(others):
    line, status = drive(AS_NOBODY, *others)
    assert_confined(status)


@root
def test_namespaces_that_are_forbidden(others):
    """As in many a container: the limit holds for a user namespace that we are root of."""
    script = ('echo 0 >/proc/sys/user/max_user_namespaces; '
              'exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"')
    os.chown(others[0], 0, 0)
    line, status = drive(["unshare", "--user", "--map-root-user", "sh", "-c", script], *others)
    assert "no namespaces" in line
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


@root
@pytest.mark.parametrize("user", [[], AS_NOBODY], ids=["root", "nobody"])
def test_alone_in_a_mount_namespace(user, others):
    """As a service is, with directories that are mounts: when the device leaves the namespace,
    nobody is in it any more."""
    files, program_path = others
    if not user:
        os.chown(files, 0, 0)
    with subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', str(files),
             *user, program_path, "--log-level", "info", "--state", str(files / "state"), "--qmp",
             str(files / "qmp")],
            stderr=subprocess.PIPE, text=True) as child:
        line = child.stderr.readline()
        child.terminate()
    assert "namespaces" in line and "not hidden" not in line and child.returncode == 0, line
    assert os.listdir(files) == ["state"]


@root
def test_root_in_a_directory_of_another_user(others):
    """Its names go all the same, by one capability."""
    line, status = drive([], *others)
    assert "dac_override" in line
    assert int(status["CapEff"], 16) == 1 << 1


def test_off_gives_nothing_up():
    with Daemon("--sandbox", "off", vfio=False) as device:
        status = status_of(device.proc.pid)
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("0", "0")


def test_the_command_is_not_confined():
    done = subprocess.run([program(), "--run", "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"],
                          capture_output=True, text=True, timeout=20)
    assert re.findall(r"\d", done.stdout) == ["0", "0"]


# ---- sockets of a group --------------------------------------------------------------------------

@root
@pytest.mark.parametrize("name", [True, False])
def test_socket_group(name):
    group = next(g for g in grp.getgrall() if g.gr_gid != 0)
    text = group.gr_name if name else str(group.gr_gid)
    with Daemon("--socket-group", text) as device:
        for path in (device.socket, device.qmp_path):
            found = os.stat(path)
            assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, group.gr_gid)
        assert device.qmp()


@root
def test_a_group_that_is_not_ones_own(others):
    done = subprocess.run([*AS_NOBODY, others[1], "--qmp", str(others[0] / "q"),
                           "--socket-group", "0"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "Operation not permitted" in done.stderr
    assert os.listdir(others[0]) == []


# ---- planted links -------------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["--state", "--trace", "--qmp"])
def test_planted_links_are_not_followed(option, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("data")
    os.symlink(precious, tmp_path / "link")
    start_fails(option, tmp_path / "link", "--run", f"touch {tmp_path}/ran")
    assert precious.read_text() == "data" and not (tmp_path / "ran").exists()


def test_a_planted_draft_of_the_pid_file_is_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("data")
    os.symlink(precious, tmp_path / "pid.new")
    with Daemon("--pid-file", str(tmp_path / "pid"), vfio=False):
        assert sorted(os.listdir(tmp_path)) == ["pid", "precious"]
    assert precious.read_text() == "data"


def test_links_of_the_system_are(tmp_path):
    done = subprocess.run([program(), "--trace", "/dev/stdout", "--run", "true"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stdout.startswith("# swcxl-trace ")


def test_no_connection_to_inherited_descriptors():
    ours, theirs = socket.socketpair()
    with Daemon(vfio=False, pass_fds=[theirs.fileno()]):
        theirs.close()
        ours.settimeout(5)
        assert ours.recv(1) == b"", "it was closed"
    ours.close()


def test_a_replay_is_confined_like_a_device(tmp_path):
    """Also by the filter that has to be there before the loop: libuv 1.45 and later make a ring for it."""
    trace = tmp_path / "trace"
    with Daemon("--volatile", "256M", "--trace", str(trace), vfio=False):
        wait_until("the header is written", lambda: trace.exists() and trace.read_text().endswith("\n"))
        header = trace.read_text()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    ours, theirs = socket.socketpair()
    with subprocess.Popen([program(), "--replay", str(fifo)], stdout=subprocess.PIPE, text=True,
                          pass_fds=[theirs.fileno()]) as replay:
        theirs.close()
        with open(fifo, "w") as file:
            file.write(header + "# nothing\n")
            file.flush()
            status = Path(f"/proc/{replay.pid}/status")
            wait_until("both filters are there",
                       lambda: re.search(r"^Seccomp_filters:\t2$", status.read_text(), re.M))
            ours.settimeout(5)
            assert ours.recv(1) == b"", "it was closed"
        replay.communicate(timeout=20)
    ours.close()
    assert replay.returncode == 0
