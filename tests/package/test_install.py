# SPDX-License-Identifier: MIT
"""What `meson install` puts where: all there is, in the place that others look for it, and of use
from there. Of the build without sanitizers, whose libswcxl.a is $LIBSWCXL."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from daemon import program

TOP = Path(__file__).resolve().parents[2]
HEADERS = [TOP / "include/swcxl" / name for name in ("swcxl.h", "state.h")]
PROGRAM = """
#include <swcxl/swcxl.h>
#include <stdlib.h>
#include <string.h>

static void *give(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

int main(void)
{
	struct swcxl_config config;
	struct swcxl_host host;
	struct swcxl_dev *dev;
	struct swcxl_poison_row row;

	memset(&host, 0, sizeof(host));
	host.realloc = give;
	swcxl_config_init(&config);
	config.serial = 1;
	if (swcxl_new(&config, &host, &dev) ||
	    swcxl_plant(dev, 4096, 64, SWCXL_SOURCE_INTERNAL, true, false) ||
	    !swcxl_poison_next(dev, 0, swcxl_capacity(dev), &row) || row.start != 4096)
		return 1;
	swcxl_free(dev);
	return 0;
}
"""


def run(*args, **kwargs):
    return subprocess.run([str(arg) for arg in args], check=True, capture_output=True, text=True,
                          timeout=120, **kwargs).stdout


@pytest.fixture(name="root", scope="module")
def fixture_root(tmp_path_factory):
    """A DESTDIR with everything in it, as if the prefix were that of the build directory."""
    build = Path(os.environ["LIBSWCXL"]).parent
    root = tmp_path_factory.mktemp("root")
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": str(root)})
    return root


def one(root, name):
    """The one file of that name."""
    found = [path for path in root.rglob(name) if not path.is_dir()]
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


def declared():
    """The functions of the headers."""
    text = re.sub(r"/\*.*?\*/|^#.*?[^\\]$", "", "".join(path.read_text() for path in HEADERS), flags=re.M | re.S)
    return {name for name in re.findall(r"^[\w *]*?\b(swcxl_\w+)\(", text, re.M)}


def exported(library):
    """Function -> its version."""
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return dict(line.split()[2].split("@@") for line in lines if line.split()[1] != "A")


def test_everything_of_the_tree_is_installed(root):
    for pattern in ("man/*.[137]", "include/swcxl/*.h", "docs/**/*.md", "examples/*", "README.md",
                    "SECURITY.md", "CHANGELOG.md", "LICENSE"):
        of_tree = [path for path in TOP.glob(pattern) if path.is_file()]
        assert of_tree, pattern
        for path in of_tree:
            copies = [copy.read_bytes() for copy in root.rglob(path.name) if copy.is_file()]
            assert path.read_bytes() in copies, path


def test_shells_find_the_completion_of_both_programs(root):
    source = (TOP / "completions/swcxl.bash").read_bytes()
    for name in ("swcxl", "swcxlctl"):  # bash-completion loads the file of the program's name
        (found,) = root.rglob(f"bash-completion/completions/{name}")
        assert found.read_bytes() == source
    assert "zsh/site-functions" in str(one(root, "_swcxl"))


def test_nothing_but_what_is_meant(root):
    places = {"bin", "include/swcxl", "lib/systemd/system", "lib/sysusers.d"}
    shared = {"doc/swcxl", "licenses/swcxl", "man", "vfio-user", "bash-completion", "zsh"}
    places |= {f"share/{name}" for name in shared}
    prefix = one(root, "swcxl-top").parents[1]
    for path in root.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(prefix))
            assert any(name.startswith(place + "/") for place in places) or \
                re.fullmatch(r"lib/([\w-]+/)?(libswcxl\.(a|so[.\d]*)|pkgconfig/libswcxl\.pc)", name), name


def test_the_shared_library_exports_what_the_header_declares(root):
    names = declared()
    assert len(names) > 50
    found = exported(one(root, "libswcxl.so.0"))
    assert set(found) == names
    assert set(found.values()) == {"LIBSWCXL_0"}
    dynamic = run("readelf", "-d", one(root, "libswcxl.so.0"))
    assert "[libswcxl.so.0]" in dynamic
    assert re.findall(r"NEEDED.*\[(.*)\]", dynamic) in (["libc.so.6"], [])


def test_debian_knows_the_exported_functions():
    """A function that goes needs another soname (ADR 30); one that comes is a line there."""
    lines = (TOP / "debian/libswcxl0.symbols").read_text().splitlines()
    assert {line.split("@")[0].strip() for line in lines[2:]} == declared() | {"LIBSWCXL_0"}


@pytest.mark.parametrize("compiler", ["gcc -std=c11", "g++ -xc++", "clang -std=gnu17"])
def test_the_header_stands_alone(root, compiler, tmp_path):
    (tmp_path / "it.c").write_text("#include <swcxl/swcxl.h>\n")
    run(*compiler.split(), "-Wall", "-Wextra", "-Werror", "-I", one(root, "swcxl.h").parents[1],
        "-c", tmp_path / "it.c", "-o", tmp_path / "it.o")


@pytest.mark.parametrize("how", ["shared", "static"])
def test_a_program_finds_the_library_by_pkg_config(root, how, tmp_path):
    pc = one(root, "libswcxl.pc")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
                   "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}
    flags = run("pkg-config", "--cflags", "--libs", *(["--static"] if how == "static" else []),
                "libswcxl", env=environment).split()
    (tmp_path / "it.c").write_text(PROGRAM)
    run("gcc", "-Werror", tmp_path / "it.c", "-o", tmp_path / "it", *flags,
        *(["-static"] if how == "static" else []))
    run(tmp_path / "it", env={"LD_LIBRARY_PATH": str(pc.parents[1])})
    needed = run("readelf", "-d", tmp_path / "it")
    assert ("libswcxl.so.0" in needed) == (how == "shared")


def test_the_backend_is_described_as_it_describes_itself(root):
    found = json.loads(one(root, "50-swcxl.json").read_text())
    itself = json.loads(run(program(), "--print-capabilities"))
    assert set(found) == {"description", "type", "binary", "version", "features"}
    for key in ("type", "version", "features"):
        assert found[key] == itself[key], key
    binary = root / found["binary"].lstrip("/")
    assert json.loads(run(binary, "--print-capabilities")) == itself


def test_versions_agree():
    meson = re.search(r"version: '([\d.]+)'", (TOP / "meson.build").read_text())[1]
    debian = re.match(r"swcxl \(([\d.]+)\)", (TOP / "debian/changelog").read_text())[1]
    change = re.search(r"^## \[?([\d.]+)", (TOP / "CHANGELOG.md").read_text(), re.M)[1]
    assert meson == debian == change
