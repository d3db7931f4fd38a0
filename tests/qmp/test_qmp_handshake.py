# SPDX-License-Identifier: MIT
"""Greeting, negotiation and the commands of every QMP server, as QEMU 11.1 has them."""

import json
import socket

import pytest
from daemon import QmpError, wait_until


def test_greeting_is_qemus_byte_for_byte(device):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(device.qmp_path)
        greeting = s.recv(4096)
    version = json.loads(greeting)["QMP"]["version"]["package"]
    assert version.startswith("swcxl ")
    assert greeting == (b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 1, "major": 11}, '
                        b'"package": "' + version.encode() + b'"}, "capabilities": []}}\r\n')


@pytest.mark.parametrize("command", ["query-status", "swcxl-query-device", "quit", "nosuch"])
def test_before_negotiation_only_qmp_capabilities_exists(device, command):
    with device.qmp(negotiate=False) as qmp:
        reply = qmp.execute({"execute": command, "id": 7})
        assert reply == {"error": {
            "class": "CommandNotFound",
            "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}, "id": 7}
        assert qmp.execute({"execute": "qmp_capabilities"}) == {"return": {}}
        assert qmp.execute({"execute": "query-status"})["return"]["running"] is True


def test_negotiation_happens_once(qmp):
    with pytest.raises(QmpError) as error:
        qmp.cmd("qmp_capabilities")
    assert error.value.cls == "CommandNotFound"
    assert error.value.desc == "Capabilities negotiation is already complete, command ignored"


def test_no_capability_is_offered(device):
    with device.qmp(negotiate=False) as qmp:
        for enable, desc in [
                (["oob"], "Capability oob not available"),
                (["nosuch"], "Parameter 'enable[0]' does not accept value 'nosuch'"),
                ([1], "Invalid parameter type for 'enable[0]', expected: string"),
                ("oob", "Invalid parameter type for 'enable', expected: array")]:
            with pytest.raises(QmpError) as error:
                qmp.cmd("qmp_capabilities", enable=enable)
            assert (error.value.cls, error.value.desc) == ("GenericError", desc)
        qmp.cmd("qmp_capabilities", enable=[])


def test_exec_oob_is_unexpected_without_the_capability(qmp):
    reply = qmp.execute({"exec-oob": "query-status", "id": 1})
    assert reply["error"]["desc"] == "QMP input member 'exec-oob' is unexpected"
    assert reply["id"] == 1


def test_query_version_equals_the_greeting(qmp):
    assert qmp.cmd("query-version") == qmp.greeting["QMP"]["version"]


def test_query_status(qmp):
    assert qmp.cmd("query-status") == {"status": "running", "running": True}


def test_query_commands_and_schema_name_the_same_commands(qmp, checked):
    names = [command["name"] for command in qmp.cmd("query-commands")]
    assert len(names) == len(set(names))
    assert set(names) == set(checked.commands)
    assert {"qmp_capabilities", "query-qmp-schema", "quit", "cxl-inject-poison",
            "swcxl-cci"} <= set(names)


def test_schema_describes_arguments(checked):
    arguments = checked.types[checked.commands["swcxl-plant-poison"]["arg-type"]]["members"]
    assert arguments == [
        {"name": "start", "type": "int", "default": None},
        {"name": "length", "type": "int", "default": None},
        {"name": "ranges", "type": "[[int]]", "default": None},
        {"name": "source", "type": "source", "default": None},
        {"name": "known", "type": "bool", "default": None},
        {"name": "permanent", "type": "bool", "default": None}]
    arguments = checked.types[checked.commands["swcxl-cci"]["arg-type"]]["members"]
    assert arguments[0] == {"name": "opcode", "type": "int"}
    assert checked.types["source"]["values"] == \
        ["unknown", "external", "internal", "injected", "vendor"]
    assert checked.commands["query-status"]["arg-type"] == "empty"
    assert checked.types["empty"]["members"] == []


@pytest.mark.parametrize("id_text", [
    "1", "-1", "1.10", '"text"', "null", "true", "[1, [2]]", '{"a": {"b": []}}', '"\\u00e9\\u0001"',
    "18446744073709551615", "-9223372036854775808"])
def test_id_is_echoed_whatever_it_is(qmp, id_text):
    for command in ("query-status", "nosuch"):
        qmp.send(f'{{"id": {id_text}, "execute": "{command}"}}')
        reply = qmp.recv_reply()
        assert reply["id"] == json.loads(id_text)
        assert ("return" if command == "query-status" else "error") in reply


def test_no_id_no_echo(qmp):
    assert set(qmp.execute({"execute": "query-status"})) == {"return"}


@pytest.mark.parametrize("request_, desc", [
    ({}, "QMP input lacks member 'execute'"),
    ({"execute": 1}, "QMP input member 'execute' must be a string"),
    ({"execute": "query-status", "arguments": []},
     "QMP input member 'arguments' must be an object"),
    ({"execute": "query-status", "arguments": None},
     "QMP input member 'arguments' must be an object"),
    ({"execute": "query-status", "control": {}}, "QMP input member 'control' is unexpected"),
    ([1], "QMP input must be a JSON object"),
    ({"execute": "query-status", "arguments": {"x": 1}}, "Parameter 'x' is unexpected"),
])
def test_envelope_errors_have_qemus_texts(qmp, request_, desc):
    reply = qmp.execute(request_)
    assert reply["error"] == {"class": "GenericError", "desc": desc}


def test_unknown_command(qmp):
    reply = qmp.execute({"execute": "nosuch"})
    assert reply["error"] == {"class": "CommandNotFound",
                              "desc": "The command nosuch has not been found"}


def test_quit_answers_tells_everyone_and_ends_with_status_0(device, checked):
    with device.qmp() as other, device.qmp() as qmp, device.qmp(negotiate=False) as silent:
        # What stands behind quit in the stream is not executed.
        qmp.send('{"execute": "quit", "id": 1}{"execute": "query-status", "id": 2}')
        assert qmp.recv() == {"return": {}, "id": 1}
        for connection in (qmp, other):
            event = connection.recv()
            checked.check_event(event)
            assert event["event"] == "SHUTDOWN"
            assert event["data"] == {"guest": False, "reason": "host-qmp-quit"}
            assert connection.recv() is None
        assert silent.recv() is None
        assert device.wait() == 0


def test_shutdown_by_signal_is_an_event_too(device, checked):
    with device.qmp() as qmp:
        device.proc.terminate()
        event = qmp.recv()
        checked.check_event(event)
        assert event["data"] == {"guest": False, "reason": "host-signal"}
        assert device.wait() == 0


def test_replies_come_although_the_client_has_closed_its_half(device):
    with device.qmp() as qmp:
        # More than a socket holds, so that most of it is pending at the end of input.
        qmp.send('{"execute": "swcxl-read-media", "arguments": {"start": 0, "length": 1048576}}' * 5
                 + '{"execute": "query-status"')
        qmp.socket.shutdown(socket.SHUT_WR)
        for _ in range(5):
            assert len(qmp.recv()["return"]["data"]) == 2 << 20
        assert qmp.recv() is None


def test_clients_are_counted_out(device):
    with device.qmp() as qmp:
        for _ in range(3):
            device.qmp().close()
        wait_until("the others are gone",
                   lambda: qmp.cmd("swcxl-query-stats")["qmp"]["clients"] == 1)
