# SPDX-License-Identifier: MIT
"""The file itself: who may use it, what it may be, and what is said when it may not."""

import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess

import pytest
from daemon import Daemon, program
from snapshot import VOLATILE, assert_same, cci, change_at_random, set_lsa, snapshot

NOBODY = 65534
LIMITS = ("--poison-list-max", 16, "--event-log-max", 9, "--injected-persists", "on")
OPTIONS = ("--volatile", "256M", "--persistent", "256M", "--clock", "virtual")


def refused(file, *options, status=1, **kwargs):
    """Does not start; the one line that says why."""
    with_options = OPTIONS if "--volatile" not in options else ()
    done = subprocess.run([program(), "--state", str(file), *with_options, *map(str, options),
                           "--run", "exit 99"], capture_output=True, text=True, timeout=20, **kwargs)
    assert done.returncode == status, done
    assert done.stderr.startswith("swcxl: ") and done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""
    if status == 1:
        assert f"state file {file} " in done.stderr
    return done.stderr


def sql(file, *statements):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        return [db.execute(statement).fetchall() for statement in statements][-1]


@pytest.fixture(scope="module")
def used_once(tmp_path_factory):
    file = tmp_path_factory.mktemp("used") / "state"
    with Daemon("--state", file, *OPTIONS, *LIMITS) as device, device.qmp() as qmp:
        change_at_random(qmp, 300, 1)
        before = snapshot(qmp)
    return file, before


@pytest.fixture
def used(used_once, file):
    """A state file with something in every table; what a device said of it."""
    shutil.copy(used_once[0], file)
    return used_once[1]


# ---- making it -----------------------------------------------------------------------------------

@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_it(tmp_path, mask):
    old = os.umask(mask)
    try:
        file = tmp_path / "state"
        command = f"stat -c %a {file} {file}-wal"
        done = subprocess.run([program(), "--state", str(file), "--run", command],
                              capture_output=True, text=True, timeout=20)
    finally:
        os.umask(old)
    assert (done.returncode, done.stdout.split()) == (0, [f"{0o600 & ~mask:o}"] * 2)
    assert os.listdir(tmp_path) == ["state"]  # the journal goes at a clean end


def test_an_empty_file_is_a_new_one(start, file):
    file.touch(mode=0o640)
    start().stop()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o640
    assert sql(file, "PRAGMA user_version") == [(2,)]


def test_a_directory_may_be_a_link_and_relative(start, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for path in (tmp_path / "link" / "state", "state"):
        done = subprocess.run([program(), "--state", str(path), "--run", "true"],
                              cwd=tmp_path / "link", timeout=20)
        assert done.returncode == 0
    assert os.listdir(tmp_path / "real") == ["state"]


# ---- who may use it ------------------------------------------------------------------------------

def test_a_second_process_is_refused(start, file):
    device = start()
    for _ in range(3):
        assert "is in use by another process" in refused(file)
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=VOLATILE, length=64)
    os.link(file, str(file) + "2")
    assert "is in use" in refused(str(file) + "2")
    device.stop()
    start().stop()


def test_of_many_that_start_at_once_one_has_it(file):
    """And it is one: nobody is refused by somebody who is then refused as well."""
    command = [program(), "--state", str(file), *OPTIONS, "--run", "sleep 1"]
    several = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    words = [process.communicate(timeout=60)[1] for process in several]
    assert sorted(process.returncode for process in several) == [0, 1, 1, 1, 1]
    assert all("is in use by another process" in text for text in words if text)


def test_a_killed_process_leaves_it_free(start, file):
    device = start()
    device.proc.send_signal(signal.SIGKILL)
    device.wait()
    assert os.path.exists(str(file) + "-wal")
    start().stop()


# ---- what it must not be -------------------------------------------------------------------------

def test_a_symbolic_link_is_refused(start, file, tmp_path):
    for target in (tmp_path / "nowhere", tmp_path / "elsewhere"):
        file.symlink_to(target)
        assert "is a symbolic link" in refused(file)
        assert not os.path.exists(target) or os.path.getsize(target) == 0
        file.unlink()
        (tmp_path / "elsewhere").touch()


def test_a_symbolic_link_in_the_journals_place_is_refused(start, file, tmp_path):
    start().stop()
    precious = tmp_path / "precious"
    precious.write_text("precious")
    os.symlink(precious, str(file) + "-wal")
    refused(file)
    assert precious.read_text() == "precious"


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert "is not a regular file" in refused(tmp_path / "fifo")
        assert "cannot be opened for writing" in refused(tmp_path / "socket")
        assert "Is a directory" in refused(tmp_path)
        assert "is not a regular file" in refused("/dev/null")
        assert "No such file" in refused(tmp_path / "no" / "state")
        assert "Not a directory" in refused(tmp_path / "fifo" / "state")


def test_a_file_that_is_read_only_is_refused(start, file):
    start().stop()
    file.chmod(0o444)
    assert "is read-only" in refused(file)  # even for root, who could write it
    file.chmod(0o600)
    start().stop()


@pytest.fixture
def as_nobody(tmp_path):
    """Options of subprocess.run() to be an ordinary user, whoever runs the tests."""
    if os.geteuid():
        return {}
    top = tmp_path
    while top != top.parent and not os.stat(top).st_mode & 1:
        os.chmod(top, 0o711)
        top = top.parent
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def test_a_directory_that_is_not_writable_is_refused(start, file, tmp_path, as_nobody):
    start().stop()
    if as_nobody:
        os.chown(file, NOBODY, NOBODY)
    tmp_path.chmod(0o555)
    try:
        assert "its directory: Permission denied" in refused(file, **as_nobody)
        assert "cannot be opened for writing: Permission denied" in refused(tmp_path / "new",
                                                                            **as_nobody)
    finally:
        tmp_path.chmod(0o755)


def test_a_file_of_somebody_else_is_refused(start, file, tmp_path, as_nobody):
    if not as_nobody:
        assert "Permission denied" in refused("/etc/shadow")
        return
    start().stop()
    tmp_path.chmod(0o777)
    assert "Permission denied" in refused(file, **as_nobody)


def test_options_that_would_write_the_same_file_are_refused(tmp_path):
    file = tmp_path / "state"
    for option in "--trace", "--pid-file":
        for other in file, tmp_path / ".." / tmp_path.name / "state":
            assert "--state names a file" in refused(file, option, other, status=2)
    assert os.listdir(tmp_path) == []


# ---- formats -------------------------------------------------------------------------------------

def test_a_newer_format_is_refused(used, file):
    sql(file, "PRAGMA user_version = 3")
    before = file.read_bytes()
    assert "has format 3, and this program knows none above 2" in refused(file)
    assert file.read_bytes() == before
    sql(file, "PRAGMA user_version = -1")
    refused(file)


def test_another_programs_database_is_refused_and_left_alone(file):
    for statement in ("CREATE TABLE t (a)", "PRAGMA application_id = 1", "PRAGMA user_version = 1"):
        file.unlink(missing_ok=True)
        sql(file, statement)
        before = file.read_bytes()
        assert "is not a state file, but another program's database" in refused(file)
        assert file.read_bytes() == before


def test_rows_that_cannot_be(used, file, tmp_path):
    """Each is said, and none comes up as another device."""
    damage = {
        "poison": ["UPDATE poison SET length = length + 1", "UPDATE poison SET attr = 5",
                   "UPDATE poison SET attr = 256 + 138", "INSERT INTO poison VALUES (-64, 64, 138)",
                   "INSERT INTO poison VALUES (536870912, 64, 138)", "DROP TABLE poison",
                   "UPDATE poison SET length = -9223372036854775808",
                   "UPDATE poison SET length = 0"],
        "list": ["UPDATE list SET attr = 255", "INSERT INTO list VALUES (1, 64, 130)"],
        "content": ["UPDATE content SET data = x'00'", "UPDATE content SET data = x''",
                    "UPDATE content SET start = start + 1", "UPDATE content SET data = zeroblob(65)"],
        "lsa": ["INSERT INTO lsa VALUES (131072, x'00')", "INSERT INTO lsa VALUES (131071, x'0000')",
                "INSERT INTO lsa VALUES (-1, x'0000')", "INSERT INTO lsa VALUES (1, x'')"],
        "event": ["UPDATE event SET data = x'00'", "INSERT INTO event VALUES (5, 1, zeroblob(128))",
                  "INSERT INTO event VALUES (256, 1, zeroblob(128))"],
        "lost": ["INSERT INTO lost VALUES (9, 1, zeroblob(18))", "UPDATE lost SET data = x'00'"],
        "setting": ["INSERT INTO setting VALUES (7777, x'00')", "UPDATE setting SET data = x''"],
    }
    for table, statements in damage.items():
        assert sql(file, f"SELECT count(*) FROM {table}")[0][0], f"nothing in {table}"
        for statement in statements:
            copy = shutil.copy(file, tmp_path / "copy")
            sql(copy, statement)
            assert table in refused(copy, *LIMITS), statement


def test_limits_that_became_too_small(used, file, start):
    fits = {"--poison-list-max": 16, "--event-log-max": 9, "--media-memory-max": "1M"}
    small = {"--poison-list-max": 3, "--event-log-max": 2, "--media-memory-max": 1024}
    for option, value in small.items():
        options = [word for pair in {**fits, option: value}.items() for word in pair]
        assert f"{option} is less than it was" in refused(file, *options)
    start(*[word for pair in fits.items() for word in pair]).stop()


# ---- whose it is ---------------------------------------------------------------------------------

@pytest.mark.parametrize("option, value, words", [
    ("--volatile", "512M", "--volatile 268435456, and not 536870912"),
    ("--persistent", "0", "--persistent 268435456, and not 0"),
    ("--partitionable", "256M", "--partitionable 0, and not 268435456"),
    ("--lsa", "64K", "--lsa 131072, and not 65536"),
    ("--serial", "2", "--serial 0x1, and not 0x2"),
])
def test_the_state_of_another_device_is_refused(start, file, option, value, words):
    start("--serial", "1").stop()
    options = {"--volatile": "256M", "--persistent": "256M", option: value}
    assert words in refused(file, *[word for pair in options.items() for word in pair])


def test_the_serial_number_is_the_files(start, file):
    """A device can be given another name, and stays the same device."""
    for name in "one", "two":
        device = start("--name", name)
        with device.qmp() as qmp:
            serial = qmp.cmd("swcxl-query-device")["serial"]
            assert cci(qmp, 0x0001)[8:16] == int(serial, 16).to_bytes(8, "little")
        if name == "one":
            first = serial
        device.stop()
    assert serial == first
    start("--serial", serial).stop()
    assert "--serial" in refused(file, "--serial", "77")


# ---- damage --------------------------------------------------------------------------------------

def starts_or_says_why(path, *options):
    """True: it started. False: it said in one line why not. Anything else fails."""
    done = subprocess.run([program(), "--state", str(path), *OPTIONS, *map(str, options), "--run",
                           "exit 99"], capture_output=True, text=True, timeout=30)
    assert done.returncode in (99, 1), done
    if done.returncode == 1:
        assert done.stderr.startswith(f"swcxl: state file {path} "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode == 99


def test_garbage_is_refused(tmp_path):
    rng = random.Random(1)
    file = tmp_path / "state"
    contents = [b"x", b"SQLite format 3\0", bytes(4096), b"#!/bin/sh\n" * 500]
    contents += [rng.randbytes(rng.randrange(1, 20000)) for _ in range(6)]
    contents += [b"SQLite format 3\0" + rng.randbytes(8176) for _ in range(4)]
    for content in contents:
        file.write_bytes(content)
        assert not starts_or_says_why(file), content[:40]
        assert file.read_bytes() == content


def test_truncated_files_are_refused(used, file, tmp_path):
    content = file.read_bytes()
    copy = tmp_path / "copy"
    for size in [1, 15, 99, 100, 101, 511, 4095, *range(4096, len(content), 4096 * 3 + 1000),
                 len(content) - 1]:
        copy.write_bytes(content[:size])
        assert not starts_or_says_why(copy, *LIMITS), size


def test_flipped_bits_never_crash_it(used, file, tmp_path):
    """SQLite cannot tell every flip in a row's data; what it lets through must be harmless."""
    rng = random.Random(2)
    content = file.read_bytes()
    copy = tmp_path / "copy"
    for _ in range(30):
        damaged = bytearray(content)
        for _ in range(rng.choice((1, 5, 50))):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        copy.write_bytes(damaged)
        starts_or_says_why(copy, *LIMITS)
        for name in os.listdir(tmp_path):
            if name.startswith("copy"):
                os.unlink(tmp_path / name)


def test_damaged_journals_cost_no_more_than_their_commits(start, file, tmp_path):
    """A torn journal is that of a crash: the state before it comes up."""
    device = start()
    with device.qmp() as qmp:
        set_lsa(qmp, 0, b"first")
        device.proc.send_signal(signal.SIGSTOP)
        files = {name: (tmp_path / name).read_bytes() for name in ("state", "state-wal")}
        device.proc.send_signal(signal.SIGCONT)
    device.kill()
    wal, rng = files["state-wal"], random.Random(3)
    assert len(wal) > 4096
    damaged = [wal[:n] for n in (0, 1, 31, 32, 500, len(wal) // 2, len(wal) - 1)]
    damaged += [rng.randbytes(len(wal)), wal[:-20] + bytes(20)]
    for content in damaged:
        (tmp_path / "state").write_bytes(files["state"])
        (tmp_path / "state-wal").write_bytes(content)
        starts_or_says_why(tmp_path / "state")


def test_nothing_in_a_file_runs(used, file, start):
    """A trigger or a view that somebody has put there."""
    sql(file, "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM poison; END",
        "CREATE VIEW v AS SELECT * FROM list")
    device = start(*LIMITS)
    with device.qmp() as qmp:
        assert_same(snapshot(qmp), used)
        cci(qmp, 0x0101, bytes((2, 1, 0, 0, 0, 0)))
        qmp.cmd("swcxl-inject-event", log="failure",
                type="00000000-0000-0000-0000-000000000001")
    device.stop()
    with start(*LIMITS).qmp() as qmp:
        assert snapshot(qmp)["poison"] == used["poison"]
