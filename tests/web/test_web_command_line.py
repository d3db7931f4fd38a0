# SPDX-License-Identifier: MIT
"""swcxl-web's command line, and swcxl-web(1), which is held against it."""

import json
import os
import re
import shlex
import socket
import subprocess

import pytest
from daemon import TREE, Daemon
from web import PROGRAM, TOKEN, Web, environment

PAGE = os.path.join(TREE, "man", "swcxl-web.1")
DONE, FAILED, USAGE, NO_CONNECTION = range(4)


def run(*args, **env):
    done = subprocess.run([PROGRAM, *args], env=environment(**env), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def device():
    with Daemon("--volatile", "256M", "--clock", "virtual", vfio=False) as device:
        yield device


def token_file(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("args, text", [
    ((), "[ADDR:]PORT"), (("1", "2"), "[ADDR:]PORT"), (("0",), "--qmp SOCK"),
    (("--qmp", "", "0"), "--qmp SOCK"), (("--qmp", "x" * 200, "0"), "longer than the 107"),
    (("--qmp", "x", "port"), "no port"), (("--qmp", "x", ""), "no port"),
    (("--qmp", "x", "65536"), "no port"), (("--qmp", "x", "123456"), "no port"),
    (("--qmp", "x", "-1"), "--help"), (("--qmp", "x", "127.0.0.1:"), "no port"),
    (("--qmp", "x", "::1:80"), "in brackets"), (("--qmp", "x", "localhost:80"), "no address"),
    (("--qmp", "x", "[127.0.0.1.2]:80"), "no address"), (("--qmp", "x", "--port", "80"), "--help"),
    (("--qmp", "x", "--interval", "49", "0"), "from 50 to 60000"),
    (("--qmp", "x", "--interval", "1s", "0"), "from 50 to 60000"),
    (("--qmp", "x", *["--name", "a"] * 17, "0"), "more than 16")])
def test_wrong_command_lines(args, text):
    status, out, err = run(*args)
    assert (status, out) == (USAGE, "") and text in err, err
    assert err.splitlines()[-1].startswith("swcxl-web: ")


@pytest.mark.parametrize("text", ["", "short", "x" * 15, "with a space in it", "ümlautümlautümlaut"])
def test_wrong_tokens(device, tmp_path, text):
    path = token_file(tmp_path / "token", text + "\n")
    status, _, err = run("--qmp", device.qmp_path, "--token-file", path, "0")
    assert status == USAGE and "The token in " in err
    if text:
        assert run("--qmp", device.qmp_path, "0", SWCXL_WEB_TOKEN=text)[0] == USAGE


def test_token_files(device, tmp_path):
    path = token_file(tmp_path / "token", TOKEN + "\nmore\n", 0o640)
    status, _, err = run("--qmp", device.qmp_path, "--token-file", path, "0")
    assert status == USAGE and f"chmod 600 {path}" in err
    status, _, err = run("--qmp", device.qmp_path, "--token-file", path + "x", "0")
    assert status == USAGE and "No such file" in err
    os.chmod(path, 0o600)
    web = Web(device, "--token-file", path, token="not-" + TOKEN)  # the file counts
    assert web.act("plant", start=0, length=64)[0] == 200
    web.stop()


def test_no_device(tmp_path):
    path = str(tmp_path / "qmp")
    status, out, err = run("--qmp", path, "0")
    assert (status, out) == (NO_CONNECTION, "") and f"Cannot connect to {path}" in err
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        status, _, err = run("--qmp", path, "0", SWCXL_QMP="elsewhere")
        assert status == NO_CONNECTION and f"Cannot connect to {path}" in err


def test_an_address_that_is_taken(device):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, out, err = run("--qmp", device.qmp_path, str(taken.getsockname()[1]))
    assert (status, out) == (FAILED, "") and "Cannot listen at" in err and "in use" in err


@pytest.mark.parametrize("address, host", [("0", "127.0.0.1"), ("127.0.0.2:0", "127.0.0.2"),
                                           ("[::1]:0", "::1")])
def test_addresses(device, address, host):
    web = Web(device, address=address)
    assert web.host == host and web.ask()[0] == 200
    assert web.stderr() == ""
    web.stop()


def test_a_token_in_the_clear_is_warned_of(device):
    web = Web(device, address="0.0.0.0:0", token=TOKEN)
    assert "in the clear" in web.stderr()
    web.stop()


def test_socket_from_the_environment(device):
    process = subprocess.Popen([PROGRAM, "0"], env=environment(SWCXL_QMP=device.qmp_path),
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.terminate()
    assert process.wait(60) == DONE
    process.stdout.close()


def test_help_and_version():
    status, out, err = run("--help")
    assert (status, err) == (DONE, "") and out.startswith("usage: swcxl-web")
    assert re.fullmatch(r"swcxl-web [0-9.]+\n", run("--version")[1])


# ---- the manual ----------------------------------------------------------------------------------

def page():
    with open(PAGE) as file:
        return file.read()


def test_page_is_clean():
    done = subprocess.run(["mandoc", "-T", "lint", PAGE], capture_output=True, text=True)
    # References to pages that are not installed yet are as they should be.
    assert [line for line in done.stdout.splitlines()
            if "referenced manual not found" not in line] == []


def test_options_are_those_of_the_help():
    offered = re.findall(r"^  (--[a-z-]+)(?: ([A-Z]+))?  ", run("--help")[1], re.M)
    documented = re.findall(r"^\.It Fl (-[a-z-]+)(?: Ar ([A-Z]+))?$", page(), re.M)
    assert len(offered) == 6
    assert offered == [(f"-{name}", argument) for name, argument in documented]


def curl(words, directory):
    """(method, URL, body, headers) of a command line of curl."""
    url, body, headers = None, None, {}
    words = iter(words)
    for word in words:
        if word == "-d":
            body = next(words)
        elif word == "-H":
            name, value = next(words).split(": ")
            with open(os.path.join(directory, "token")) as file:
                headers[name] = value.replace("$(cat token)", file.read().strip())
        elif word != "-s":
            url = word
    return "POST" if body else "GET", url, body, headers


def test_examples_happen(tmp_path):
    text = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", page(), re.M | re.S).group(1)
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S)
    turns = re.findall(r"^\$ (.*?)\n(?=^\$ |^http|\Z)(http.*?\n)?",
                       "".join(blocks).replace("\\e\n", ""), re.M | re.S)
    assert len(turns) == 6
    device, server, answers = None, None, []
    for command, printed in turns:
        words = shlex.split(command)
        if words[0] == "swcxl":
            device = Daemon(*[word.replace("qmp.sock", str(tmp_path / "qmp.sock"))
                              for word in words[1:-1]], vfio=False)
        elif words[0] == "swcxl-web":
            if server:
                server.stop()
            options = [word.replace("token", str(tmp_path / "token")) if word == "token" else word
                       for word in words[3:-1]]
            server = Web(device, *options, address=words[-1].replace("8080", "0"))
            assert re.sub(r":\d+/", ":8080/", server.url) == printed.strip()
        elif words[0] == "curl":
            method, url, body, headers = curl(words[1:], tmp_path)
            assert url.startswith("http://[::1]:8080/")
            status, _, answer = server.ask(url[len("http://[::1]:8080"):], method, body, **headers)
            assert status == 200
            answers.append(answer)
        else:
            subprocess.run(["sh", "-c", command.replace("openssl rand -hex 16", f"echo {TOKEN}")],
                           cwd=tmp_path, check=True)
    assert answers[0] == b"{}"
    state = server.until("it is seen", lambda state: state["poison"]["lines"])
    assert state["poison"]["rows"][0]["start"] == 4096 and set(json.loads(answers[1])) == set(state)
    server.stop()
    device.stop()
