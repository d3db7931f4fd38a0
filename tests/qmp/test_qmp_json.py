# SPDX-License-Identifier: MIT
"""Abuse of the JSON stream: every malformed value gets one error, and the connection lives on."""

import json
import random
import time

import pytest

LIMIT = 4 << 20
STATUS = {"return": {"status": "running", "running": True}}


def lives(qmp):
    """The next request is answered as if nothing had happened."""
    assert qmp.execute({"execute": "query-status", "id": "alive"}) == {**STATUS, "id": "alive"}


def refused(qmp, data, desc):
    qmp.send(data)
    reply = qmp.recv_reply()
    assert reply["error"]["class"] == "GenericError"
    assert reply["error"]["desc"].startswith(desc), reply
    assert "id" not in reply
    lives(qmp)


@pytest.mark.parametrize("data", [
    b"{}}", b"]", b"}\n", b"hello world\n", b"1 2 3\n", b'"a string"', b"'a string'", b"[]",
    b"[{}]", b"null\n", b", : ,\n", b"\\\n"])
def test_what_is_no_object_gets_one_error(qmp, data):
    desc = "QMP input lacks member 'execute'" if data.startswith(b"{") else \
        "QMP input must be a JSON object"
    qmp.send(data)
    assert qmp.recv_reply()["error"]["desc"] == desc
    if data == b"{}}":
        assert qmp.recv_reply()["error"]["desc"] == "QMP input must be a JSON object"
    lives(qmp)


@pytest.mark.parametrize("text", [
    '{"execute" "query-status"}', '{"execute": query-status}', '{"execute": "query-status",}',
    "{1: 2}", '{"execute": "a" "b"}', '{"a": [1,]}', '{"a": tru}', '{"a": True}', '{"a": +1}',
    '{"a": 01}', '{"a": 0x10}', '{"a": .5}', '{"a": /* no */ 1}', "{]", '{"a": [}', '{"a": NaN}',
    '{"a": -Infinity}', '{"a": 1e999}', '{"a": "\\x41"}', '{"a": "\\u12"}', '{"a"}', "{,}"])
def test_bad_grammar_is_one_error_for_the_whole_value(qmp, text):
    refused(qmp, text + "\n", "JSON parse error, ")


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809",
                                    "99999999999999999999999"])
def test_integers_beyond_64_bits_are_refused_not_rounded(qmp, number):
    refused(qmp, f'{{"execute": "query-status", "id": {number}}}',
            "JSON parse error, number out of range")


@pytest.mark.parametrize("number", [
    "1.", "-1.", "1.e5", "00.5", "12345678901234567890.", "-01", "01", "00", "-", "1e", "1e+",
    "--1", "1.5.5", "1e5.5", "1-2", "1e5e5", "-.5", "- 1"])
def test_numbers_that_json_does_not_have(qmp, number):
    """RFC 8259, 6: json-c reads some of them."""
    refused(qmp, f'{{"execute": "query-status", "id": {number}}}\n',
            "JSON parse error, invalid number")
    refused(qmp, f"[0, {number}]\n", "JSON parse error, invalid number")


@pytest.mark.parametrize("number", ["0", "-0", "10", "-1.50", "0.5e0", "1E+5", "1e-05", "0e1",
                                    "18446744073709551615", "-9223372036854775808",
                                    "99999999999999999999.5"])
def test_numbers_that_json_has(qmp, number):
    qmp.send(f'{{"execute": "query-status", "id": [{number},{number} ,-7]}}')
    assert qmp.recv_reply()["id"] == [json.loads(number), json.loads(number), -7]


@pytest.mark.parametrize("text", ["\\ud800", "a\\udfffb", "\\ud800\\ud800", "\\udc00\\ud800",
                                  "\\ud83dx\\ude00", "\\ud83d\\\\ude00", "\\uD800"])
def test_halves_of_surrogate_pairs_are_refused_as_qemu_does(qmp, text):
    refused(qmp, f'{{"execute": "query-status", "id": "{text}"}}',
            "JSON parse error, half of a surrogate pair")


def test_surrogate_pairs_and_other_escapes(qmp):
    qmp.send('{"execute": "query-status", "id": "\\ud83d\\ude00\\u00e9\\\\ud800\\n\\uffff"}')
    assert qmp.recv_reply()["id"] == "\U0001f600\u00e9\\ud800\n\uffff"


def test_long_fractions_are_no_big_integers(qmp):
    number = "0.1234567890123456789012345678901234567890e-5"
    qmp.send(f'{{"execute": "query-status", "id": {number}}}')
    assert qmp.recv_reply()["id"] == float(number)


@pytest.mark.parametrize("text", [
    '{"execute": "query-status", "execute": "query-version"}',
    '{"execute": "query-status", "id": {"a": 1, "b": [{"a": 1, "a": 1}]}}'])
def test_duplicate_keys_are_refused_as_qemu_does(qmp, text):
    refused(qmp, text, "JSON parse error, duplicate key")


def test_colons_in_strings_are_no_keys(qmp):
    qmp.send('{"execute": "query-status", "id": {"a:b": ":", "{": "[,\\"}"}}')
    assert qmp.recv_reply()["id"] == {"a:b": ":", "{": "[,\"}"}


def nested(depth):
    """A request whose id makes it nested that deep."""
    return '{"execute": "query-status", "id": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def test_nesting_of_32_is_accepted_and_33_refused(qmp):
    qmp.send(nested(32))
    assert qmp.recv_reply()["return"]["running"]
    refused(qmp, nested(33), "JSON nesting depth limit exceeded")


def test_nesting_that_never_ends_is_left_by_a_new_line(qmp):
    qmp.send("[" * 100000 + "\n")
    assert qmp.recv_reply()["error"]["desc"] == "JSON nesting depth limit exceeded"
    lives(qmp)


def padded(length):
    """A request of exactly that many bytes."""
    text = '{"execute": "query-status", "id": ""}'
    return text[:-2] + "x" * (length - len(text)) + text[-2:]


def test_request_of_4_mib_is_accepted_and_one_byte_more_refused(qmp):
    assert len(padded(LIMIT)) == LIMIT
    qmp.send(padded(LIMIT))
    assert len(qmp.recv_reply()["id"]) > LIMIT - 64
    qmp.send(padded(LIMIT + 1) + "\n")
    assert qmp.recv_reply()["error"]["desc"] == "JSON token size limit exceeded"
    lives(qmp)


def test_white_space_counts_towards_the_limit(qmp):
    qmp.send('{"execute": "query-status"' + " " * LIMIT + "}")
    assert qmp.recv_reply()["error"]["desc"] == "JSON token size limit exceeded"
    lives(qmp)


def test_many_tokens_are_refused(qmp):
    qmp.send('{"execute": "query-status", "id": [' + "[]," * 70000 + "1]}\n")
    assert qmp.recv_reply()["error"]["desc"] == "JSON token count limit exceeded"
    lives(qmp)


def test_one_byte_at_a_time(qmp):
    for text in ('{"execute": "query-status", "id": "a\\"b"}', '{"a": [}\n', "garbage\n"):
        for byte in text.encode():
            qmp.send(bytes([byte]))
            time.sleep(0.0005)
        reply = qmp.recv_reply()
        assert ("id" in reply) == ('"id"' in text)
    lives(qmp)


def test_a_thousand_commands_in_one_write_are_answered_in_order(qmp):
    qmp.send("".join(f'{{"execute": "query-status", "id": {i}}}' for i in range(1000)))
    for i in range(1000):
        assert qmp.recv_reply() == {**STATUS, "id": i}


def test_no_white_space_is_needed_and_any_is_allowed(qmp):
    qmp.send('{"execute":"query-status"}{"execute":"query-status"}\r\n\t \n\n'
             '{\n\t"execute"\r\n:\n"query-status"\n}\n')
    for _ in range(3):
        assert qmp.recv_reply() == STATUS


def test_single_quotes_as_shell_scripts_use_them(qmp):
    qmp.send("{'execute': 'query-status', 'id': 'a\"b\\'c\\\\'}")
    assert qmp.recv_reply()["id"] == "a\"b'c\\"


@pytest.mark.parametrize("data", [b"\0", b"\0\0\0\0", b'{"execute"\0: "query-status"}\n',
                                  b'{"execute": "query-\0status"}\n', b"\x01", b"\xff", b"{\x7f}"])
def test_nul_and_control_characters(qmp, data):
    qmp.send(data)
    assert qmp.recv_reply()["error"]["desc"].startswith("JSON parse error, ")
    lives(qmp)


def test_a_control_character_starts_afresh(qmp):
    """As QEMU's guest agent documents FFh: whatever came before is forgotten."""
    qmp.send(b'{"execute": "quit", "id": ["\xff')
    assert "error" in qmp.recv_reply()
    lives(qmp)


def test_a_line_that_ends_in_a_string_starts_afresh(qmp):
    qmp.send('{"execute": "qui\n')
    assert qmp.recv_reply()["error"]["desc"] == "JSON parse error, control character in a string"
    lives(qmp)


@pytest.mark.parametrize("data", [
    b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\xe2\x82", b"\xc3("])
def test_invalid_utf8_is_refused(qmp, data):
    refused(qmp, b'{"execute": "query-status", "id": "' + data + b'"}',
            "JSON parse error, invalid UTF-8")


@pytest.mark.parametrize("text", ["é", "€", "\U0001f4a9", "\ud7ff", "\U0010ffff"])
def test_valid_utf8_is_echoed(qmp, text):
    qmp.send(b'{"execute": "query-status", "id": "' + text.encode() + b'"}')
    assert qmp.recv_reply()["id"] == text


def test_escaped_characters_cannot_break_a_reply(qmp):
    reply = qmp.execute({"execute": "x\x1b\n\"\\é\x7f"})
    assert reply["error"]["desc"] == "The command x\x1b\n\"\\é\x7f has not been found"
    lives(qmp)


@pytest.mark.parametrize("character", ["x", "é", "€", "\U0001f4a9"])
def test_long_names_are_cut_between_characters(qmp, character):
    for padding in range(4):
        reply = qmp.execute({"execute": "-" * padding + character * 1000})
        desc = reply["error"]["desc"]
        assert desc.startswith("The command " + "-" * padding + character * 100)
        assert len(desc.encode()) < 512
        assert set(desc[100:]) == {character}


def test_nul_in_a_string_is_no_end_of_it(qmp):
    """mem0\\0 is not mem0."""
    reply = qmp.execute({"execute": "cxl-inject-poison",
                         "arguments": {"path": "mem0\0x", "start": 0, "length": 64}})
    assert reply["error"]["desc"] == "Invalid parameter type for 'path', expected: string"
    reply = qmp.execute({"execute": "query-status\0x"})
    assert reply["error"]["desc"] == "QMP input member 'execute' must be a string"


def test_random_bytes_never_end_the_connection(qmp):
    seed = time.time_ns()
    print("seed", seed)
    rng = random.Random(seed)
    words = [b"{", b"}", b"[", b"]", b'"', b"'", b":", b",", b"\\", b"\n", b"execute", b"id",
             b"query-status", b"1", b"-", b"e", b"\xff", b"\0", b"\xc3\xa9", b" "]
    for _ in range(20):
        qmp.send(b"".join(rng.choice(words) for _ in range(2000)))
    qmp.send(b'\xff\n{"execute": "query-status", "id": "end"}')
    while True:
        reply = qmp.recv_reply()
        assert "error" in reply or reply["return"] is not None
        if reply.get("id") == "end":
            break
