# SPDX-License-Identifier: MIT
"""Starting, being ready, ending: sockets, pid file, --run, signals."""

import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest
from daemon import TREE, Daemon, Qmp, program, wait_until


def start_fails(*args, status=1, **kwargs):
    """The lines that say why."""
    done = subprocess.run([program(), *map(str, args)], capture_output=True, text=True, timeout=20,
                          **kwargs)
    assert done.returncode == status, done
    assert done.stderr.startswith("swcxl: "), done.stderr
    return done.stderr


# ---- ends ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(number):
    with Daemon() as device:
        paths = [device.socket, device.qmp_path, device.pid_file]
        assert all(os.path.exists(path) for path in paths)
        device.proc.send_signal(number)
        assert device.wait() == 0
        assert [path for path in paths if os.path.exists(path)] == []
        assert device.stderr() == ""


def test_signals_that_were_ignored_are_heard_all_the_same():
    """A background job of a script has SIGINT ignored, a bad supervisor SIGCHLD."""
    code = ("import os, signal, sys\n"
            "for n in signal.SIGINT, signal.SIGTERM, signal.SIGCHLD:\n"
            "    signal.signal(n, signal.SIG_IGN)\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n")
    done = subprocess.run([sys.executable, "-c", code, program(), "--run", "exit 5"], timeout=20)
    assert done.returncode == 5


def test_a_client_that_vanishes_is_no_sigpipe():
    with Daemon(vfio=False) as device:
        for _ in range(5):
            qmp = Qmp(device.qmp_path)
            qmp.send('{"execute": "query-qmp-schema"}' * 50)
            qmp.close()
        with device.qmp() as qmp:
            assert qmp.cmd("query-status")["running"]


def test_nobody_who_reads_stderr_is_no_sigpipe(tmp_path):
    reader, writer = os.pipe()
    process = subprocess.Popen([program(), "--log-level", "info", "--qmp", str(tmp_path / "q"),
                                "--pid-file", str(tmp_path / "pid")], stderr=writer)
    wait_until("the device is ready", (tmp_path / "pid").exists)
    os.close(writer)
    os.close(reader)
    process.terminate()
    assert process.wait(20) == 0
    assert os.listdir(tmp_path) == []


def test_exit_with_parent(tmp_path):
    """The device goes when whoever started it is killed."""
    code = ("import os, subprocess, sys, time\n"
            "p = subprocess.Popen(sys.argv[1:])\n"
            "time.sleep(60)\n")
    pid_file = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", code, program(), "--exit-with-parent",
                               "--qmp", str(tmp_path / "qmp"), "--pid-file", str(pid_file)])
    try:
        wait_until("the device is ready", pid_file.exists)
        pid = int(pid_file.read_text())
    finally:
        parent.kill()
        parent.wait()
    wait_until("the device has ended", lambda: not is_running(pid))
    assert os.listdir(tmp_path) == []


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


# ---- sockets -------------------------------------------------------------------------------------

def test_sockets_are_for_us_alone():
    old = os.umask(0)
    try:
        with Daemon() as device:
            for path in (device.socket, device.qmp_path):
                mode = os.stat(path).st_mode
                assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    finally:
        os.umask(old)


def test_a_socket_that_a_killed_process_has_left_is_replaced(tmp_path):
    path = str(tmp_path / "qmp")
    with Daemon("--qmp", path, vfio=False) as device:
        device.proc.kill()
        device.wait()
        device.status = -9
        assert os.path.exists(path)
        with Daemon("--qmp", path, vfio=False) as second, second.qmp() as qmp:
            assert qmp.cmd("query-status")["running"]
        assert not os.path.exists(path)


@pytest.mark.parametrize("option", ["--qmp", "--socket-path"])
def test_a_live_socket_is_left_alone(option):
    with Daemon() as device:
        path = device.qmp_path if option == "--qmp" else device.socket
        assert start_fails(option, path) == f"swcxl: {path} is in use by a running process\n"
        with device.qmp() as qmp:
            assert qmp.cmd("query-status")["running"]


def test_a_live_socket_with_a_full_backlog_is_live(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        clients = []
        for _ in range(4):
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            try:
                client.connect(path)
            except BlockingIOError:
                break
            clients.append(client)
        assert "is in use" in start_fails("--qmp", path)


def test_what_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "precious"
    path.write_text("data")
    assert start_fails("--qmp", path) == f"swcxl: {path} exists and is not a socket\n"
    assert path.read_text() == "data"


def test_a_directory_that_is_not_there():
    assert "No such file or directory" in start_fails("--qmp", "/nowhere/at/all")


def test_a_second_socket_that_fails_takes_the_first_away(tmp_path):
    start_fails("--socket-path", tmp_path / "vfio", "--qmp", "/nowhere/at/all")
    assert os.listdir(tmp_path) == []


def test_paths_that_others_have_taken_over_are_not_removed(tmp_path):
    path = tmp_path / "qmp"
    with Daemon("--qmp", str(path), vfio=False):
        path.unlink()
        path.write_text("another's")
    assert path.read_text() == "another's"


def test_a_path_of_107_bytes_is_served(tmp_path):
    directory = tmp_path
    while len(str(directory)) < 90:
        directory = directory / "d"
    directory.mkdir(parents=True, exist_ok=True)
    path = str(directory / "x")
    path += "y" * (107 - len(path))
    with Daemon("--qmp", path, vfio=False) as device, device.qmp() as qmp:
        assert qmp.cmd("query-status")["running"]


def test_fd_serves_an_inherited_listener(tmp_path):
    path = str(tmp_path / "vfio")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with Daemon("--fd", str(listener.fileno()), pass_fds=[listener.fileno()]) as device:
            with device.qmp() as qmp:
                assert qmp.cmd("query-status")["running"]
    assert os.path.exists(path), "whoever made it removes it"


def test_fd_that_is_connected_ends_the_process_when_it_closes():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with Daemon("--fd", str(theirs.fileno()), pass_fds=[theirs.fileno()]) as device:
        theirs.close()
        with device.qmp() as qmp:
            assert qmp.cmd("query-status")["running"]
            ours.close()
            assert qmp.wait_event("SHUTDOWN")["data"]["reason"] == "host-signal"
        assert device.wait() == 0


def test_fd_that_is_no_socket(tmp_path):
    with open(tmp_path / "file", "w") as file:
        assert start_fails("--fd", file.fileno(), pass_fds=[file.fileno()]).startswith(
            f"swcxl: --fd {file.fileno()}: ")
    assert start_fails("--fd", 999) == "swcxl: --fd 999: Bad file descriptor\n"


# ---- pid file ------------------------------------------------------------------------------------

def test_pid_file_says_who_is_ready(tmp_path):
    pid_file = tmp_path / "pid"
    with Daemon("--pid-file", str(pid_file)) as device:
        assert pid_file.read_text() == f"{device.proc.pid}\n"
        device.qmp().close()
        assert os.listdir(tmp_path) == ["pid"]
    assert not pid_file.exists()


def test_pid_file_of_a_killed_process_is_replaced(tmp_path):
    pid_file = tmp_path / "pid"
    gone = subprocess.Popen(["true"])
    gone.wait()
    for text in f"{gone.pid}\n", "", "no number", "-1\n", "0", "99999999999999999999":
        pid_file.write_text(text)
        done = subprocess.run([program(), "--run", f"cat {pid_file}", "--pid-file", str(pid_file)],
                              timeout=20)
        assert done.returncode == 0 and not pid_file.exists()


def test_pid_file_of_a_process_that_ended_and_was_not_waited_for_is_replaced(tmp_path):
    pid_file = tmp_path / "pid"
    gone = subprocess.Popen(["true"])
    wait_until("it has ended", lambda: not is_running(gone.pid))
    pid_file.write_text(str(gone.pid))
    done = subprocess.run([program(), "--run", "true", "--pid-file", str(pid_file)], timeout=20)
    assert done.returncode == 0
    gone.wait()


def test_pid_file_of_a_running_process_is_left_alone(tmp_path):
    with Daemon("--pid-file", str(tmp_path / "pid"), vfio=False) as device:
        assert start_fails("--run", f"touch {tmp_path}/ran", "--pid-file", tmp_path / "pid",
                           "--trace", tmp_path / "trace") == \
            f"swcxl: {tmp_path}/pid is of process {device.proc.pid}, which is running\n"
        assert (tmp_path / "pid").read_text() == f"{device.proc.pid}\n"
        assert os.listdir(tmp_path) == ["pid"]


def test_pid_file_that_cannot_be(tmp_path):
    assert "/nowhere/pid" in start_fails("--qmp", tmp_path / "qmp", "--pid-file", "/nowhere/pid")
    (tmp_path / "dir").mkdir()
    start_fails("--qmp", tmp_path / "qmp", "--pid-file", tmp_path / "dir")
    assert os.listdir(tmp_path) == ["dir"]
    os.mkfifo(tmp_path / "fifo")
    for path, why in ((tmp_path / "dir", "Is a directory"), (f"{tmp_path}/", "Is a directory"),
                      (tmp_path / ("x" * 252), "File name too long"),
                      (tmp_path / "fifo", "File exists")):
        assert start_fails("--run", f"touch {tmp_path}/ran", "--pid-file", path) == \
            f"swcxl: {path}: {why}\n"
    assert sorted(os.listdir(tmp_path)) == ["dir", "fifo"], "found before anything is started"


# ---- --run ---------------------------------------------------------------------------------------

def run(command, *args, **kwargs):
    return subprocess.run([program(), *map(str, args), "--run", command], capture_output=True,
                          text=True, timeout=20, **kwargs)


@pytest.mark.parametrize("command, status", [
    ("true", 0), ("false", 1), ("exit 42", 42), ("kill -9 $$", 137), ("kill -TERM $$", 143),
    ("/nowhere/program", 127)])
def test_run_ends_with_the_commands_status(command, status):
    assert run(command).returncode == status


def test_run_has_private_sockets_that_go_with_it(tmp_path):
    done = run("echo $SWCXL_SOCKET $SWCXL_QMP; stat -c %a:%F ${SWCXL_QMP%/*} $SWCXL_SOCKET "
               "$SWCXL_QMP", env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    first, *modes = done.stdout.splitlines()
    vfio, qmp = first.split()
    assert modes == ["700:directory", "600:socket", "600:socket"]
    assert os.path.dirname(vfio) == os.path.dirname(qmp)
    assert os.path.dirname(os.path.dirname(vfio)) == str(tmp_path)
    assert os.listdir(tmp_path) == []


def test_run_uses_the_paths_that_were_given(tmp_path):
    done = run("echo $SWCXL_SOCKET $SWCXL_QMP", "--socket-path", tmp_path / "v", "--qmp",
               tmp_path / "q")
    assert done.stdout == f"{tmp_path}/v {tmp_path}/q\n"
    assert os.listdir(tmp_path) == []


def test_run_can_connect_at_once():
    client = ("import sys\n"
              f"sys.path.insert(0, {os.path.join(TREE, 'tests', 'lib')!r})\n"
              "import os\n"
              "from daemon import Qmp\n"
              "print(Qmp(os.environ['SWCXL_QMP']).cmd('swcxl-query-device')['name'])\n"
              "import socket\n"
              "socket.socket(socket.AF_UNIX).connect(os.environ['SWCXL_SOCKET'])\n")
    done = subprocess.run([program(), "--name", "mine", "--run", f'exec {sys.executable} -c "$P"'],
                          env={**os.environ, "P": client}, capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")


def test_run_inherits_nothing_but_the_standard_descriptors(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "v"))
        listener.listen()
        for args in [], ["--fd", listener.fileno()]:
            done = run("ls /proc/self/fd", "--trace", tmp_path / "trace", *args,
                       pass_fds=[listener.fileno()] if args else [])
            # 3 is the directory that ls reads.
            assert set(done.stdout.split()) <= {"0", "1", "2", "3"}


def test_run_child_has_default_signals():
    done = run("grep -E 'Sig(Blk|Ign)' /proc/self/status")
    for line in done.stdout.splitlines():
        mask = int(line.split()[1], 16)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
            assert not mask & 1 << (number - 1), line


def test_run_with_a_descriptor_has_no_socket_path(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "v"))
        listener.listen()
        done = run("echo ${SWCXL_SOCKET-none}", "--fd", listener.fileno(),
                   pass_fds=[listener.fileno()], env={**os.environ, "SWCXL_SOCKET": "stale"})
    assert done.stdout == "none\n"


@pytest.mark.parametrize("how", ["signal", "quit"])
def test_run_command_ends_with_the_device(how, tmp_path):
    with Daemon("--run", f"echo $$ > {tmp_path}/child; exec sleep 60") as device:
        wait_until("the command runs", lambda: (tmp_path / "child").exists()
                   and (tmp_path / "child").read_text())
        child = int((tmp_path / "child").read_text())
        if how == "quit":
            with device.qmp() as qmp:
                qmp.cmd("quit")
        else:
            device.proc.terminate()
        assert device.wait() == 0
        wait_until("the command has ended", lambda: not is_running(child))


def started(tmp_path, name):
    """The process whose id a command of --run has written there."""
    path = tmp_path / name
    wait_until(f"{name} runs", lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def test_everything_that_the_command_has_started_ends_with_the_device(tmp_path):
    """Without a terminal the command is a process group of its own."""
    command = (f"cd {tmp_path}; sleep 60 & echo $! > first; "
               "sh -c 'echo $$ > second; exec sleep 60'; true")
    device = subprocess.Popen([program(), "--run", command], start_new_session=True)
    try:
        pids = [started(tmp_path, name) for name in ("first", "second")]
        device.terminate()
        assert device.wait(20) == 0
        wait_until("they have ended", lambda: not any(map(is_running, pids)))
    finally:
        device.kill()
        device.wait()


def test_what_a_command_leaves_running_is_left_alone(tmp_path):
    command = f"cd {tmp_path}; sleep 60 >/dev/null 2>&1 & echo $! > left"
    assert subprocess.run([program(), "--run", command], start_new_session=True,
                          timeout=20).returncode == 0
    pid = started(tmp_path, "left")
    assert is_running(pid)
    os.kill(pid, signal.SIGKILL)


def test_on_a_terminal_the_command_is_in_its_foreground(tmp_path):
    """It can read, and ^C is for it and for the device."""
    pid, terminal = pty.fork()
    if not pid:
        os.execv(program(), [program(), "--run",
                             f"cd {tmp_path}; read word; cut -d' ' -f5,8 /proc/$$/stat > groups; "
                             "echo $word $$ > read; exec sleep 60"])
    os.write(terminal, b"hello\n")
    wait_until("it has read", lambda: (tmp_path / "read").exists()
               and (tmp_path / "read").read_text().endswith("\n"))
    word, child = (tmp_path / "read").read_text().split()
    assert word == "hello"
    group, foreground = (tmp_path / "groups").read_text().split()
    assert group == foreground == str(pid)
    os.write(terminal, b"\x03")
    wait_until("the command has ended", lambda: not is_running(int(child)))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 130), "whoever is first"
    os.close(terminal)


def test_run_command_ends_when_the_device_is_killed(tmp_path):
    device = Daemon("--run", f"echo $$ > {tmp_path}/child; exec sleep 60")
    try:
        wait_until("the command runs", lambda: (tmp_path / "child").exists()
                   and (tmp_path / "child").read_text())
        child = int((tmp_path / "child").read_text())
    finally:
        device.kill()
    wait_until("the command has ended", lambda: not is_running(child))


def test_run_in_a_temporary_directory_that_cannot_be():
    assert "/nowhere" in start_fails("--run", "true", env={**os.environ, "TMPDIR": "/nowhere"})
    start_fails("--run", "true", env={**os.environ, "TMPDIR": "/tmp/" + "x" * 100})


# ---- words ---------------------------------------------------------------------------------------

def test_log_levels(tmp_path):
    path = tmp_path / "qmp"
    for level, speaks in (("warning", False), ("info", True)):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        with Daemon("--qmp", str(path), "--log-level", level, vfio=False) as device:
            device.proc.terminate()
            device.wait()
            assert (f"swcxl: info: {path} was left by" in device.stderr()) == speaks
            assert ("swcxl: info: ending: Terminated" in device.stderr()) == speaks


def test_memory_of_an_idle_device_is_a_few_mebibytes():
    """Thousands of devices run on one host."""
    with Daemon("--volatile", "16T") as device:
        time.sleep(0.1)
        with open(f"/proc/{device.proc.pid}/smaps_rollup") as file:
            anonymous = sum(int(line.split()[1]) for line in file
                            if line.startswith("Anonymous:"))
        if b"__asan_init" not in open(program(), "rb").read():
            assert anonymous < 4096, f"{anonymous} KiB"
