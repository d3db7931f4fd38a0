# SPDX-License-Identifier: MIT
"""What the documents point to is there: links, headings, and files that are named."""

import os
import re
import subprocess

import pytest

from daemon import TREE

FILES = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TREE, check=True,
                       capture_output=True, text=True).stdout.splitlines()
DOCUMENTS = [name for name in FILES if name.endswith(".md")]
# First folders of the tree, so that `src/core/list.c` is a file and `text/plain` is not.
FOLDERS = {name.split("/")[0] for name in FILES if "/" in name}
# Files of Linux; and what a build or a run makes.
LINUX = "tools/testing/"
MADE = re.compile(r"^(?:build|build-check|build-check-clang|build-fuzz|bench/report)(?:/|$)")


def read(name):
    with open(os.path.join(TREE, name)) as file:
        return file.read()


def prose(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def exists(path):
    """A file or folder of the tree, or the program that a file is made into; NAME, * and {a,b} stand for more
    than one."""
    pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/]*")
    pattern = re.sub(r"\\\{(.*?)\\\}", lambda m: "(?:" + m[1].replace(",", "|") + ")", pattern)
    pattern = re.sub(r"\b[A-Z]{2,}(?=\W|$)(?!\\\.md)", "[^/]+", pattern)
    return any(re.match(pattern + r"(?:/|\.c$|$)", name) for name in FILES)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(read(name))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        assert os.path.exists(os.path.join(TREE, path)), f"{name}: {target}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", read(path), re.M)
            assert heading in map(anchor, headings), f"{name}: {target}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name):
    for word in re.findall(r"`([\w./*{},-]+)(?:\(\))?`", prose(read(name))):
        if "/" not in word or word.startswith(LINUX) or word.split("/")[0] not in FOLDERS or MADE.match(word):
            continue
        assert exists(word), f"{name}: `{word}`"


def test_files_named_in_manuals_exist():
    for page in (name for name in FILES if name.startswith("man/")):
        for word in re.findall(r"(?:docs|src|tests|tools|examples|include)/[\w./-]*\w", read(page)):
            assert exists(word), f"{page}: {word}"


def test_sources_name_documents_that_exist():
    for name in FILES:
        if not name.endswith((".c", ".h", ".py")) or name.startswith("tests/docs/"):
            continue
        for word in re.findall(r"\bdocs/[\w./-]*\.md\b|\badr/\d{4}[\w-]*(?:\.md)?", read(name)):
            assert any(file == word or file.startswith("docs/" + word) for file in FILES), f"{name}: {word}"


def test_every_document_is_linked_from_another():
    linked = set()
    for name in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s#]+)", read(name)):
            linked.add(os.path.normpath(os.path.join(os.path.dirname(name), target)).rstrip("/"))
        linked |= set(re.findall(r"`(docs/[\w./-]+)`", read(name)))
    for name in DOCUMENTS:
        if name in ("README.md", "CONTRIBUTING.md") or name.startswith("docs/adr/") or name.startswith("docs/tutorials/"):
            continue
        assert name in linked, f"nothing leads to {name}"
