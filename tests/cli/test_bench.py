# SPDX-License-Identifier: MIT
"""swcxlctl bench: what it sends, what it says of it, and what it must not call a success."""

import pytest
from ctl import DONE, REFUSED, USAGE, Ctl
from fake_pci import LINE, Function, Model

TESTS = ["identify", "list", "list-all", "lsa", "lsa-read", "fw", "results", "idle"]
UNSUPPORTED = 3


@pytest.fixture
def make(tmp_path):
    functions = []

    def make(model=None, driver=None):
        function = Function(tmp_path, model or Model(), driver=driver)
        functions.append(function)
        return function, Ctl("--pci", function.BDF, SWCXL_SYSFS=str(tmp_path))

    yield make
    for function in functions:
        function.__exit__()


def rows(ctl, *args):
    return {row["name"]: row for row in ctl.json("bench", *args)["tests"]}


def sent(function, opcode):
    return [command for command in function.log if command.opcode == opcode]


def records(count):
    return [(0x1000 * i, LINE, 3) for i in range(count)]


def test_every_test_is_there_and_goes_through_the_primary_mailbox(make):
    function, ctl = make()
    function.model.give_labels(bytes(8192))
    function.model.give_firmware()
    found = rows(ctl, "--count", 2, "--runs", 1)
    assert list(found) == TESTS
    assert {name for name, row in found.items() if row["return-code-name"] == "Success"} == set(TESTS) - {"results"}
    assert {command.mailbox for command in function.log} == {"primary"}


def test_runs_and_counts_are_those_asked_for(make):
    function, ctl = make()
    row = rows(ctl, "identify", "--count", 7, "--runs", 3)["identify"]
    assert len(sent(function, 0x4000)) == 7 * 3 + 1  # it looks at the device first
    assert row["count"] == 7 and len(row["runs"]) == 3
    assert row["min"] == min(row["runs"]) and row["max"] == max(row["runs"])
    assert row["median"] == sorted(row["runs"])[1]
    assert (row["messages"], row["bytes-in"], row["bytes-out"]) == (1, 0, 0x45)


def test_median_of_an_even_number_of_runs(make):
    _, ctl = make()
    row = rows(ctl, "identify", "--count", 2, "--runs", 4)["identify"]
    assert row["median"] == sum(sorted(row["runs"])[1:3]) // 2


def test_time_is_that_of_one_command(make):
    """The device takes at least a millisecond for each."""
    function, ctl = make()
    function.before_answer = lambda mailbox, opcode: __import__("time").sleep(0.001)
    row = rows(ctl, "identify", "--count", 10, "--runs", 2)["identify"]
    assert all(1e6 <= ns < 50e6 for ns in row["runs"])


def test_list_is_one_message_and_list_all_every_one(make):
    function, ctl = make(Model(payload=256))
    function.model.records = records(30)  # 14 in a message
    found = rows(ctl, "list", "list-all", "--count", 1, "--runs", 1)
    assert (found["list"]["messages"], found["list"]["bytes-out"]) == (1, 0x20 + 14 * 16)
    assert (found["list-all"]["messages"], found["list-all"]["bytes-out"]) == (3, 3 * 0x20 + 30 * 16)
    assert found["list-all"]["bytes-in"] == 3 * 16


def test_list_of_a_device_that_knows_no_restart(make):
    function, ctl = make()
    function.model.no_restart_flag = True
    function.model.records = records(5)
    assert rows(ctl, "list", "--count", 3, "--runs", 1)["list"]["bytes-out"] == 0x20 + 5 * 16


def test_labels_are_written_with_what_they_hold(make):
    function, ctl = make()
    labels = bytes(i % 251 for i in range(8192))
    function.model.give_labels(labels)
    found = rows(ctl, "lsa", "lsa-read", "--count", 2, "--runs", 1)
    assert found["lsa"]["bytes-in"] == 4096 and found["lsa-read"]["bytes-out"] == 4096
    assert len(sent(function, 0x4103)) == 2
    assert function.model.labels == labels


def test_labels_smaller_than_a_payload(make):
    function, ctl = make()
    function.model.give_labels(bytes(range(100)))
    found = rows(ctl, "lsa", "lsa-read", "--count", 1, "--runs", 1)
    assert found["lsa"]["bytes-in"] == 108 and found["lsa-read"]["bytes-out"] == 100
    assert function.model.labels == bytes(range(100))


def test_bytes_bound_what_is_sent(make):
    function, ctl = make()
    function.model.give_labels(bytes(8192))
    function.model.give_firmware()
    found = rows(ctl, "lsa", "lsa-read", "fw", "--bytes", "2K", "--count", 1, "--runs", 1)
    assert [found[name][key] for name, key in (("lsa", "bytes-in"), ("lsa-read", "bytes-out"), ("fw", "bytes-in"))] \
        == [2048] * 3


@pytest.mark.parametrize("background", [False, True])
def test_firmware_transfer_is_begun_and_aborted_each_time(make, background):
    function, ctl = make()
    function.model.scan_seconds = 0.05
    function.model.give_firmware(background)
    row = rows(ctl, "fw", "--count", 2, "--runs", 2)["fw"]
    commands = sent(function, 0x0201)
    assert [(command.payload[0], len(command.payload)) for command in commands] == [(1, 4096), (4, 128)] * 4
    assert (row["messages"], row["bytes-in"]) == (1, 4096)
    assert not function.model.transferring
    if background:  # which is not waited for on the clock
        assert max(row["runs"]) < 50e6


def test_idle_waits_a_second_and_times_what_comes_then(make):
    function, ctl = make()
    row = rows(ctl, "idle", "--runs", 1)["idle"]
    assert row["count"] == 1 and len(sent(function, 0x4000)) == 2
    assert row["max"] < 500e6


def test_results_once_a_scan_has_run(make):
    function, ctl = make(Model(payload=256))
    function.model.background = (0x4304, 100, 0, False)
    function.model.found = records(30)
    row = rows(ctl, "results", "--count", 1, "--runs", 1)["results"]
    assert (row["messages"], row["bytes-out"]) == (3, 3 * 0x20 + 30 * 16)


def test_unsupported_is_said_and_no_failure(make):
    _, ctl = make()
    found = rows(ctl, "lsa", "fw", "results", "identify", "--count", 1)
    for name in ("lsa", "fw", "results"):
        assert found[name] == {"name": name, "opcode": found[name]["opcode"], "return-code": UNSUPPORTED,
                               "return-code-name": "Unsupported", "runs": []}
    assert found["identify"]["return-code"] == 0
    assert "fw         0201h  Unsupported (0003h)\n" in ctl.ok("bench", "fw")


def test_error_is_no_time(make):
    function, ctl = make()
    function.model.give_labels(bytes(4096))
    function.model.cmd_4103 = lambda mailbox, payload: (0x11, b"")
    result = ctl.run("--json", "bench", "lsa", "identify", "--count", 2, "--runs", 1)
    assert result.status == REFUSED
    failed, good = result.json["tests"] if result.json["tests"][0]["name"] == "lsa" else result.json["tests"][::-1]
    assert failed["return-code"] == 0x11 and failed["runs"] == [] and "median" not in failed
    assert good["return-code"] == 0 and len(good["runs"]) == 1
    assert len(sent(function, 0x4103)) == 1


def test_error_in_the_middle_of_a_run_is_one(make):
    function, ctl = make()
    answers = [(0, bytes(0x45))] * 4 + [(0x6, b"")] * 9
    function.model.cmd_4000 = lambda mailbox, payload: answers.pop(0)
    result = ctl.run("--json", "bench", "identify", "--count", 9, "--runs", 1)
    assert result.status == REFUSED and result.json["tests"][0]["return-code-name"] == "Busy"


def test_bound_driver_is_left_alone(make):
    function, ctl = make(driver="cxl_pci")
    ctl.fails(REFUSED, "Unbind it: 'echo 0000:35:00.0 > /sys/bus/pci/drivers/cxl_pci/unbind'", "bench")
    assert function.log == []


def test_table(make):
    _, ctl = make()
    result = ctl.run("bench", "identify", "--count", 3, "--runs", 2)
    assert result.status == DONE
    first, heading, row = result.out.splitlines()
    assert first == "Primary mailbox, payload 4 KiB; nanoseconds, of 2 runs."
    assert heading.split() == ["TEST", "OPCODE", "COUNT", "MESSAGES", "IN", "OUT", "MIN", "MEDIAN", "MAX"]
    assert row.split()[:6] == ["identify", "4000h", "3", "1", "0", "69"]
    assert len(heading) == len(row)


@pytest.mark.parametrize("args, text", [
    (["bench", "--pci", "35:00.0", "fast"], "There is no test 'fast': identify, list, list-all, lsa, lsa-read, fw"),
    (["bench", "--pci", "35:00.0", "--count", "0"], "--count is 1 to 4294967295"),
    (["bench", "--pci", "35:00.0", "--runs", "1001"], "--runs is 1 to 1000"),
    (["bench", "--pci", "35:00.0", "--bytes", "2M"], "--bytes is 1 to 1048576"),
    (["bench", "--qmp", "/nowhere"], "'bench' needs a PCI function (--pci)"),
])
def test_usage(args, text):
    Ctl().fails(USAGE, text, *args)
