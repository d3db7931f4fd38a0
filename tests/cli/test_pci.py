# SPDX-License-Identifier: MIT
"""swcxlctl --pci: finding the registers, choosing the mailbox, and sharing it with a driver."""

import fcntl
import os
import struct
import threading
import time

import pytest
from ctl import DONE, NO_CONNECTION, REFUSED, USAGE, Ctl
from fake_pci import LINE, SECONDARY, UNIT, Function, Model

SOURCES = (1, 2, 3, 7, 0)


@pytest.fixture
def make(tmp_path):
    """make(model, ...) gives a function and the swcxlctl that talks to it."""
    functions = []

    def make(model=None, **options):
        function = Function(tmp_path, model or Model(), **options)
        functions.append(function)
        return function, Ctl("--pci", function.BDF, SWCXL_SYSFS=str(tmp_path))

    yield make
    for function in functions:
        function.__exit__()


def some_records(count, start=0x1000):
    return [(start + 0x1000 * i, LINE, SOURCES[i % 5]) for i in range(count)]


def used(function, mailbox):
    return [command.opcode for command in function.log if command.mailbox == mailbox]


# --- which mailbox

def test_reads_go_through_the_secondary_mailbox(make):
    function, ctl = make()
    function.model.records = some_records(2)
    assert ctl.ok("poison", "list") == """\
DPA                 LINES        SIZE  SOURCE
0x000000001000          1        64 B  External
0x000000002000          1        64 B  Internal
2 records, 2 lines (128 B): 1 External, 1 Internal.
"""
    assert used(function, "primary") == []
    assert used(function, "secondary") == [0x0400, 0x0401, 0x4000, 0x4100, 0x4300]


def test_effects_log_decides_by_bit_7(make):
    function, ctl = make()
    function.model.effects[0x4300] = 0
    ctl.ok("poison", "list")
    assert used(function, "primary") == [0x4300]
    assert 0x4000 in used(function, "secondary")


def test_effects_log_longer_than_a_payload_is_read_in_parts(make):
    model = Model(payload=256)
    model.effects.update({opcode: 0 for opcode in range(0xC000, 0xC100)})
    model.effects[0x4300] = model.effects.pop(0x4300)  # the last entry
    function, ctl = make(model)
    ctl.ok("poison", "list")
    assert used(function, "secondary").count(0x0401) > 4
    assert used(function, "primary") == []


def test_without_a_secondary_mailbox_everything_uses_the_primary(make):
    function, ctl = make(secondary=False)
    ctl.ok("poison", "list")
    assert used(function, "primary") == [0x4000, 0x4100, 0x4300]


def test_secondary_mailbox_that_shows_no_effects_log_is_left_alone(make):
    function, ctl = make()
    for opcode in (0x0400, 0x0401):
        function.model.effects[opcode] = 0
    ctl.ok("poison", "list")
    assert used(function, "secondary") == [0x0400]
    assert used(function, "primary") == [0x4000, 0x4100, 0x4300]


def test_changes_go_through_the_primary_mailbox(make):
    function, ctl = make()
    assert ctl.ok("inject", "0x40", "0x1000+128") == "Injected 3 lines (192 B).\n"
    assert ctl.ok("clear", "0x40", "--data", "0xa5 5a") == "Cleared 1 line (64 B).\n"
    assert function.model.written == b"\xa5\x5a" * 32
    assert used(function, "primary") == [0x4301] * 3 + [0x4302]
    assert [row[0] for row in function.model.records] == [0x1000, 0x1040]


def test_interrupt_enables_of_the_driver_stay(make):
    function, ctl = make()
    at = function.mailboxes["primary"][1]
    function.write(at + 4, 4, 6)
    ctl.ok("inject", 0)
    assert [command.control for command in function.log if command.mailbox == "primary"] == [7]
    assert function.read(at + 4, 4) == 6


def test_payload_of_any_length_arrives_as_it_is(make):
    function, ctl = make()
    function.model.effects[0xC000] = SECONDARY
    function.model.cmd_c000 = lambda mailbox, payload: (0, payload[::-1])
    for length in (0, 1, 7, 8, 9, 63, 64, 4095, 4096):
        data = bytes(i * 7 & 255 for i in range(length))
        assert ctl.json("cci", "c000", data.hex()) == {
            "opcode": 0xC000, "return-code": 0, "return-code-name": "Success",
            "payload": data[::-1].hex()}
    ctl.fails(USAGE, "4097 bytes of input do not fit into the mailbox of 4096 bytes", "cci",
              "C000", "00" * 4097)


def test_return_codes_of_the_device(make):
    function, ctl = make()
    result = ctl.fails(REFUSED, "Inject Poison at 0x000010000000, after 0 lines: Invalid Physical "
                       "Address (000Fh). ", "inject", UNIT)
    assert result.out == ""
    result = ctl.run("cci", "4301", "00" * 3 + "10" + "00" * 4)
    assert (result.status, result.out) == (
        REFUSED, "Inject Poison (4301h): Invalid Physical Address (000Fh), 0 bytes\n")
    result = ctl.run("cci", "beef")
    assert (result.status, result.out) == (
        REFUSED, "Command BEEFh: Unsupported (0003h), 0 bytes\n")
    # An error has no output even if the length register claims some.
    at = function.mailboxes["primary"][1]
    function.before_answer = lambda mailbox, opcode: function.write(at + 8, 8, opcode | 64 << 16)
    assert ctl.run("cci", "beef").out.endswith("(0003h), 0 bytes\n")


# --- sharing it

def driver_meets(function, times):
    """A driver that uses the primary mailbox, so many times, before the answer in it is read."""
    left = [times]

    def driver(mailbox, opcode):
        if mailbox == "primary" and left[0]:
            at = function.mailboxes[mailbox][1]
            left[0] -= 1
            function.write(at + 8, 8, 0x0100 | 0x20 << 16)
            # Success; whether an operation runs in the background is the device's to say.
            function.write(at + 0x10, 8, function.read(at + 0x10, 8) & 1)

    function.before_answer = driver


def test_foreign_command_meanwhile_is_noticed(make):
    function, ctl = make()
    driver_meets(function, 1000)
    result = ctl.fails(NO_CONNECTION, "cxl_pci used the primary mailbox of 0000:35:00.0 at the "
                       "same moment: Inject Poison may have run or not", "inject", "64")
    assert result.out == ""


def test_command_whose_answer_was_lost_is_repeated(make):
    function, ctl = make()
    driver_meets(function, 2)
    ctl.ok("inject", "64")
    assert used(function, "primary") == [0x4301] * 3
    function.log.clear()
    driver_meets(function, 1)
    ctl.ok("clear", "64")
    assert used(function, "primary") == [0x4302] * 2
    driver_meets(function, 1)
    ctl.fails(REFUSED, "Invalid Physical Address", "inject", UNIT)


def test_command_that_must_not_run_twice_is_not_repeated(make):
    function, ctl = make(Model(payload=256), secondary=False)
    function.model.records = some_records(40)
    function.model.effects[0xC000] = 4
    function.model.cmd_c000 = lambda mailbox, payload: (0, b"")
    driver_meets(function, 1)
    assert ctl.run("cci", "c000").status == NO_CONNECTION
    # A page of the list would be missing.
    function.before_answer = lambda mailbox, opcode: \
        opcode == 0x4300 and function.write(function.mailboxes[mailbox][1] + 8, 8, 0x0100)
    assert ctl.run("poison", "list").status == NO_CONNECTION
    assert used(function, "primary") == [0xC000, 0x4000, 0x4100, 0x4300]


def test_scan_whose_answer_was_lost_has_started(make):
    function, ctl = make()
    function.model.records = some_records(3)
    driver_meets(function, 1)
    assert len(ctl.json("scan")["records"]) == 3
    assert used(function, "primary") == [0x4304]


def test_driver_that_fetches_events_is_let_finish(make):
    function, ctl = make()
    function.write(0x80, 8, 1 << 2)
    done = []

    def driver():
        time.sleep(0.3)
        done.append(len(function.log))
        function.write(0x80, 8, 0)

    threading.Thread(target=driver).start()
    ctl.ok("inject", "64")
    assert 0x4301 not in [command.opcode for command in function.log[:done[0]]]
    # Events that nobody fetches hold up the first command only.
    function.write(0x80, 8, 1)
    start = time.monotonic()
    ctl.ok("inject", "0+64K")
    assert 0.5 <= time.monotonic() - start < 5


def test_driver_at_work_is_let_finish(make):
    function, ctl = make()
    at = function.mailboxes["primary"][1]
    working = []

    def driver():
        for i in range(60):
            function.write(at + 8, 8, 0x0100 + i)
            time.sleep(0.005)
            working.append(len(function.log))

    thread = threading.Thread(target=driver)
    thread.start()
    ctl.ok("inject", "64")
    thread.join()
    assert 0x4301 not in [command.opcode for command in function.log[:working[-1]]]
    assert function.log[-1].opcode == 0x4301


def test_foreign_command_before_the_doorbell_is_noticed(make):
    function, ctl = make(driver=None)
    at = function.mailboxes["primary"][1]
    stop = threading.Event()

    def driver():
        while not stop.is_set():
            if function.read(at + 8, 8) & 0xFFFF == 0x4301:
                function.write(at + 8, 8, 0x0101 | 8 << 16)

    # What the driver's command would do here: nothing.
    function.model.effects[0x0101] = 0
    function.model.cmd_0101 = lambda mailbox, payload: (0, b"")
    # And when the thread comes too late, as it may on a busy machine:
    function.before_answer = lambda mailbox, opcode: function.write(at + 8, 8, 0x0101 | 8 << 16) \
        if opcode == 0x4301 else None
    thread = threading.Thread(target=driver)
    thread.start()
    try:
        ctl.fails(NO_CONNECTION, "another program used the primary mailbox", "inject", "64")
    finally:
        stop.set()
        thread.join()


def test_occupied_mailbox_is_waited_for_and_then_left_alone(make):
    function, ctl = make()
    at = function.mailboxes["primary"][1]
    function.silent.add(0xDEAD)
    function.write(at + 8, 8, 0xDEAD)
    function.write(at + 4, 4, 1)
    start = time.monotonic()
    result = ctl.run("inject", "64")
    assert 2 <= time.monotonic() - start < 10
    assert result.status == NO_CONNECTION, result
    assert "The primary mailbox of 0000:35:00.0 has been busy for 2 s, so Inject Poison was not " \
           "sent." in result.err
    assert function.read(at + 8, 8) == 0xDEAD
    # A mailbox that becomes idle in time is used.
    threading.Timer(0.5, function.release, ["primary"]).start()
    ctl.ok("inject", "64")


def test_device_that_does_not_answer(make):
    function, ctl = make()
    function.silent.add(0x4301)
    result = ctl.run("inject", "64")
    assert result.status == NO_CONNECTION, result
    assert "The device 0000:35:00.0 has not answered Inject Poison for 2 s." in result.err


def test_processes_do_not_mix_their_pages(make):
    function, ctl = make(Model(payload=256))
    function.model.records = some_records(100)
    processes = [ctl.popen("poison", "list", "--json") for _ in range(6)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert {len(out.split('"start"')) - 1 for out, _ in outputs} == {100}


# --- pages

def test_list_is_read_to_its_end_with_one_restart(make):
    function, ctl = make(Model(payload=256))
    function.model.records = some_records(40)
    names = {1: "external", 2: "internal", 3: "injected", 7: "vendor", 0: "unknown"}
    assert ctl.json("poison", "list")["records"] == [
        {"start": start, "length": LINE, "source": names[source]}
        for start, _, source in function.model.records]
    requests = [command.payload for command in function.log if command.opcode == 0x4300]
    lines = struct.pack("<Q", UNIT // LINE)
    assert requests == [b"\x01" + bytes(7) + lines, bytes(8) + lines, bytes(8) + lines]


def test_restart_is_not_asked_of_a_2_0_device(make):
    function, ctl = make(Model(payload=256, revision=2))
    function.model.records = some_records(20)
    assert len(ctl.json("poison", "list")["records"]) == 20
    assert {command.payload[0] for command in function.log if command.opcode == 0x4300} == {0}


def test_device_that_refuses_restart_is_asked_without(make):
    function, ctl = make(Model(payload=256))
    function.model.no_restart_flag = True
    function.model.records = some_records(20)
    assert len(ctl.json("poison", "list")["records"]) == 20


def test_device_that_promises_more_for_ever(make):
    function, ctl = make()
    function.model.cmd_4300 = lambda mailbox, payload: (0, b"\x01" + bytes(31))
    assert "the device promised more records and did not send them" in ctl.ok("poison", "list")
    assert ctl.json("poison", "list")["complete"] is False


def test_reply_shorter_than_its_count_says(make):
    function, ctl = make()
    reply = struct.pack("<BBQH20x", 0, 0, 0, 500) + bytes(20)
    function.model.cmd_4300 = lambda mailbox, payload: (0, reply)
    assert len(ctl.json("poison", "list")["records"]) == 1
    function.model.cmd_4300 = lambda mailbox, payload: (0, b"")
    assert ctl.json("poison", "list")["records"] == []


def test_results_that_someone_left_half_way_are_complete(make):
    function, ctl = make(Model(payload=256))
    function.model.records = function.model.found = some_records(40)
    function.model.background = (0x4304, 100, 0, False)
    function.model.cursor[("secondary", "results")] = 14
    assert len(ctl.json("scan", "results")["records"]) == 40


def test_partitions_are_listed_one_by_one(make):
    function, ctl = make(Model(1, 2))
    function.model.records = some_records(3) + some_records(2, UNIT)
    assert len(ctl.json("poison", "list")["records"]) == 5
    assert [struct.unpack("<QQ", command.payload)
            for command in function.log if command.opcode == 0x4300] == [
        (1, UNIT // LINE), (UNIT | 1, 2 * UNIT // LINE)]


def test_volatile_memory_without_a_list_is_no_error(make):
    function, ctl = make(Model(1, 1))
    function.model.no_volatile_list = True
    function.model.records = some_records(2, UNIT)
    assert ctl.ok("poison", "list").endswith(
        "2 records, 2 lines (128 B): 1 External, 1 Internal.\n"
        "The device keeps no list for its volatile memory.\n")
    ctl.fails(REFUSED, "Get Poison List: Invalid Physical Address (000Fh)", "poison", "list",
              "0+64")
    assert "Poison      2 of at most 256 records in the list\n" in ctl.ok("status")


# --- background

def test_scan_is_watched_without_commands(make):
    function, ctl = make()
    function.model.records = some_records(3)
    function.model.scan_seconds = 1
    result = ctl.run("scan", "--no-events", "--limit", "1")
    assert result.status == DONE, result
    assert result.out.splitlines()[1:] == [
        "DPA                 LINES        SIZE  SOURCE",
        "0x000000001000          1        64 B  External",
        "... and 2 more", "3 records, 3 lines (192 B): 1 External, 1 Internal, 1 Injected."]
    lines = result.err.splitlines()
    assert lines[0] == \
        "Scanning 4194304 lines (256 MiB) from 0x000000000000, which takes about 1.0 s"
    assert [line[:12] for line in lines[1:]] == ["Scan Media: "] * 3
    assert function.model.flags == 1
    assert used(function, "primary") == [0x4304]
    assert used(function, "secondary") == [0x0400, 0x0401, 0x4000, 0x4100, 0x4303, 0x4305, 0x4305]


def test_short_scan_is_reported_short(make):
    function, ctl = make()
    function.model.scan_seconds = 0.01
    assert ctl.json("scan")["elapsed-ms"] < 60


def test_progress_does_not_begin_again_in_each_part(make):
    function, ctl = make(Model(1, 3))
    function.model.no_span = True
    function.model.scan_seconds = 0.5
    lines = ctl.run("scan").err.splitlines()
    assert lines[0].endswith(", which takes about 1.0 s")
    percents = [int(line.split()[2]) for line in lines[1:]]
    assert percents == sorted(set(percents)) and len(percents) == 3


def test_scan_of_a_device_that_refuses_spanning_ranges(make):
    function, ctl = make(Model(1, 1))
    function.model.no_span = True
    function.model.records = some_records(3) + some_records(2, UNIT)
    scan = ctl.json("scan")
    assert (scan["start"], scan["length"], len(scan["records"])) == (0, 2 * UNIT, 5)
    scans = [struct.unpack("<QQB", command.payload)
             for command in function.log if command.opcode == 0x4304]
    assert scans == [(0, 2 * UNIT // LINE, 0), (0, UNIT // LINE, 0), (UNIT, UNIT // LINE, 0)]


def test_scan_that_stops_names_the_range_to_go_on_with(make):
    function, ctl = make()
    function.model.records = some_records(10)
    function.model.stop_after = 4
    assert ctl.ok("scan").endswith(f"""\
Stopped before the end: {UNIT // LINE - 0x5000 // LINE} lines (256.0 MiB) from 0x000000005000 on \
are not scanned. Go on with
  swcxlctl scan 0x5000 {UNIT - 0x5000:#x}
""")
    scan = ctl.json("scan")
    assert scan["stopped-prematurely"] and scan["restart"] == {"start": 0x5000,
                                                               "length": UNIT - 0x5000}
    assert ctl.json("scan", "results") == {key: scan[key] for key in ("stopped-prematurely",
                                                                      "restart", "records")}


def test_scan_continues_until_done(make):
    function, ctl = make()
    function.model.records = some_records(10)
    function.model.stop_after = 4
    scan = ctl.json("scan", "--continue")
    assert not scan["stopped-prematurely"] and scan["restart"] is None
    assert len(scan["records"]) == 10
    assert used(function, "primary") == [0x4304] * 3
    function.model.stop_after = 0
    ctl.fails(REFUSED, "its result storage is too small", "scan", "0x1000", "4K", "--continue")


def test_scan_while_something_runs_is_busy(make):
    function, ctl = make()
    function.model.scan_seconds = 600
    assert ctl.ok("scan", "--no-wait") == \
        "Scan Media has started. 'swcxlctl wait scan' waits for its end.\n"
    ctl.fails(REFUSED, "Scan Media: Busy (0006h). A background operation is running", "scan")
    ctl.fails(REFUSED, "The scan has not ended within 0.3 s", "wait", "scan", "--timeout", "0.3")
    assert "Background  Scan Media: 0 %\n" in ctl.ok("status")
    assert "a scan is running" in ctl.ok("poison", "list")
    assert ctl.ok("abort") in ("Scan Media ended at 0 %: Aborted.\n",
                               "Scan Media ended at 1 %: Aborted.\n")
    assert ctl.ok("abort") == "No background operation is running.\n"
    assert ctl.ok("wait", "scan").startswith("No scan is running. The last one ended at ")


def test_wait_scan_waits(make):
    function, ctl = make()
    assert ctl.ok("wait", "scan") == "No scan is running.\n"
    ctl.ok("scan", "--no-wait")
    result = ctl.run("wait", "scan")
    assert (result.status, result.out) == (DONE, "Scan Media has ended at 100 %: Success.\n")


def test_reset_under_a_scan_is_noticed(make):
    function, ctl = make()
    function.model.scan_seconds = 600
    process = ctl.popen("scan")
    while not function.model.background[3]:
        time.sleep(0.01)
    time.sleep(0.3)
    function.model.background = (0, 0, 0, False)
    _, err = process.communicate(timeout=10)
    assert process.returncode == REFUSED and "The scan is gone" in err


# --- waiting and events

def event(handle, transaction=4, severity=0):
    uuid = bytes.fromhex("fbcd0a77c260417f85a9088b1621eba6")
    header = uuid + struct.pack("<BBHHHQ", 0x80, severity, 0, handle, 0, 1700000000123456789)
    media = struct.pack("<QBBB", 0x1000 * handle | 1, 5, 0, transaction)
    return (header.ljust(0x30, b"\0") + media).ljust(0x80, b"\0")


def test_wait_for_overflow_and_event_polls(make):
    function, ctl = make()
    ctl.fails(REFUSED, "The poison list has not overflowed within 0.2 s", "wait", "overflow",
              "--timeout", "0.2")
    ctl.fails(REFUSED, "No event was logged within 0 s", "wait", "event", "--timeout", "0")
    process = ctl.popen("wait", "overflow")
    time.sleep(0.3)
    assert process.poll() is None
    function.model.overflow = 1700000000123456789
    assert process.communicate(timeout=10)[0] == \
        "The poison list is in overflow since 2023-11-14 22:13:20.123456 UTC.\n"
    function.model.events[2].append(event(1))
    assert ctl.json("wait", "event") == {"log": "failure"}
    ctl.fails(REFUSED, "No event was logged", "wait", "event", "--timeout", "0", "--log", "warning")


def test_events_do_not_fit_into_one_payload(make):
    function, ctl = make(Model(payload=256))
    function.model.events[0] = [event(handle) for handle in (1, 2, 3)]
    assert ctl.ok("events") == """\
LOG               HANDLE  TIME                            DPA             EVENT
informational          1  2023-11-14 22:13:20.123456 UTC  0x000000001000  media ecc error, \
host inject poison, uncorrectable, not in the poison list (overflow)
... and more in the informational log, which only show when these are cleared (or over --qmp)
1 record.
"""
    assert ctl.json("events")["informational"]["more"] is True
    assert "informational 1 or more, warning 0, failure 0, fatal 0\n" in ctl.ok("status")


def test_following_prints_each_record_once(make):
    function, ctl = make()
    function.model.events[0] = [event(1), event(2)]
    process = ctl.popen("events", "--follow", "--log", "informational")
    lines = [process.stdout.readline() for _ in range(3)]
    function.model.events[0] = [event(2), event(3)]  # the driver has cleared one
    lines.append(process.stdout.readline())
    function.model.events[0] = []
    time.sleep(0.5)
    function.model.events[0] = [event(4)]
    lines.append(process.stdout.readline())
    process.terminate()
    assert [line.split()[1] for line in lines] == ["HANDLE", "1", "2", "3", "4"]
    assert process.communicate()[0] == ""


# --- the function

def test_status(make):
    function, ctl = make(Model(1, 2))
    function.model.records = some_records(2)
    assert ctl.ok("status") == """\
Device      CXL memory device, firmware fake? 1
Capacity    768 MiB, 256 MiB volatile at 0x000000000000, 512 MiB persistent at 0x000010000000
Poison      2 of at most 256 records in the list
Injection   no limit; resets remove injected poison
Background  none since the last reset
Events      informational 0, warning 0, failure 0, fatal 0
Clock       2001-09-09 01:46:40.000000 UTC
"""
    status = ctl.json("status")
    assert status["transport"] == "pci" and status["device"] is None
    assert status["logs"]["fatal"] == {"count": 0, "max": 40, "more": False, "overflow": False,
                                       "lost": 0}


def test_map_has_what_a_host_can_know(make):
    function, ctl = make()
    function.model.records = some_records(2)
    layers = ctl.json("map")["layers"]
    assert layers["poison"] is None and layers["latent"] is None and layers["found"] is None
    assert layers["listed"] == [2] + [0] * 255


def test_short_address(make):
    function, ctl = make()
    ctl.first = ["--pci", "35:0.0"]
    ctl.ok("poison", "list")
    for wrong in ("35:20.0", "35:00.8", "35:00", "xx:00.0", "35:00.0x", "", "-5:00.0"):
        ctl.first = ["--pci", wrong]
        ctl.fails(USAGE, "is no PCI function", "status")


def test_what_needs_a_control_socket(make):
    function, ctl = make()
    for args in ("plant 0 64", "clock step 5s", "reset", "poison list --media",
                 "health temperature=1"):
        ctl.fails(USAGE, "needs the control socket of an swcxl process (--qmp)", *args.split())
    ctl.fails(USAGE, "Choose one of --qmp and --pci", "status", "--qmp", "x")
    assert function.log == []


def test_function_that_is_not_there(make):
    function, ctl = make()
    ctl.first = ["--pci", "36:00.0"]
    ctl.fails(NO_CONNECTION, "'lspci -d ::0502' lists CXL memory devices", "status")


def test_function_without_cxl_registers(make):
    function, ctl = make()
    function.write_config(locator=0x8086)
    ctl.fails(NO_CONNECTION, "0000:35:00.0 has no CXL device registers", "status")


def test_memory_decoding_is_off(make):
    function, ctl = make()
    function.write_config(command=0)
    ctl.fails(NO_CONNECTION, "echo 1 > /sys/bus/pci/devices/0000:35:00.0/enable", "status")


def test_configuration_space_needs_root(make):
    function, ctl = make()
    os.truncate(function.path("config"), 64)
    ctl.fails(NO_CONNECTION,
              "Only 64 bytes of the configuration space of 0000:35:00.0 are readable: become root",
              "status")


def test_endless_capability_list_ends(make):
    function, ctl = make()
    with open(function.path("config"), "r+b") as file:
        file.seek(0x150)
        file.write(struct.pack("<IIHH", 0x0023 | 0x110 << 20, 0x1E98 | 0xC << 20, 5, 0))
    ctl.fails(NO_CONNECTION, "has no CXL device registers", "status")


def test_bar_is_too_short(make):
    function, ctl = make()
    with open(function.path("resource2.short"), "wb") as file:
        file.truncate(0x10000)
    os.rename(function.path("resource2.short"), function.path("resource2"))
    ctl.fails(NO_CONNECTION, "The BAR 2 of 0000:35:00.0 ends before the CXL device registers",
              "status")


def forbid_mapping(function):
    """A file that can be opened for writing, yet not be mapped so: as the kernel guards a BAR."""
    fd = os.memfd_create("bar", os.MFD_ALLOW_SEALING)
    os.truncate(fd, function.size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    os.unlink(function.path("resource2"))
    os.symlink(f"/proc/{os.getpid()}/fd/{fd}", function.path("resource2"))


def test_mapping_is_refused_because_of_the_driver(make):
    function, ctl = make()
    forbid_mapping(function)
    ctl.fails(NO_CONNECTION, "because the driver cxl_pci claims them (CONFIG_IO_STRICT_DEVMEM). "
              "Boot with 'iomem=relaxed', or unbind the driver: 'echo 0000:35:00.0 > "
              "/sys/bus/pci/drivers/cxl_pci/unbind'",
              "status")


def test_mapping_is_refused_without_a_driver(make):
    function, ctl = make(driver=None)
    forbid_mapping(function)
    ctl.fails(NO_CONNECTION, "locked down", "status")


def test_device_that_is_gone_reads_as_ones(make):
    function, ctl = make()
    function.write(0, 8, 2**64 - 1)
    ctl.fails(NO_CONNECTION, "reads as all ones", "status")


@pytest.mark.parametrize("register, value", [(4, 0xFFFFFFF8), (4, 0x20001),
                                             (8, 0x7FFFFFFF), (8, 0x1F)])
def test_mailbox_outside_of_the_bar_is_not_touched(make, register, value):
    function, ctl = make()
    for i in (2, 3):
        function.write(0x10 + 16 * i + register, 4, value)
    ctl.fails(NO_CONNECTION, "has no mailbox", "status")


@pytest.mark.parametrize("shift", [0, 7, 21, 31])
def test_mailbox_of_an_impossible_size_is_not_used(make, shift):
    function, ctl = make(secondary=False)
    function.write(function.mailboxes["primary"][1], 4, shift)
    ctl.fails(NO_CONNECTION, "has no mailbox", "status")
