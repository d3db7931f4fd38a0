# SPDX-License-Identifier: MIT
"""The page of swcxl-web in a real browser: what it shows is what is true, for eyes, keyboards and
screen readers alike."""

import re

import daemon
import pytest
from daemon import Daemon
from web import TOKEN, Web

MIB = 1 << 20
CELL = 256 * MIB // 1024


def wait_until(what, condition):
    """A browser on a busy machine takes its time."""
    return daemon.wait_until(what, condition, 3 * daemon.TIMEOUT)


@pytest.fixture
def page(browser):
    """page(web) opens the page, and waits until it shows the device."""
    def open_page(web, token=None):
        browser.driver.get(web.url)
        if token:
            browser.run("sessionStorage.setItem('token', arguments[0])", token)
            browser.driver.refresh()
        wait_until("the page is live", lambda: browser.text("#link") == "live")
        return browser
    yield open_page
    assert browser.errors() == []


def marks(browser):
    """{cell: (classes, character)} of those that are marked."""
    return {int(i): (set(names.split()), mark) for i, names, mark in browser.run(
        "return [...document.querySelectorAll('#map .cell')].filter((c) => c.textContent)"
        ".map((c) => [c.id.slice(1), c.className, c.textContent])")}


def table(browser, name):
    return browser.run("return [...document.getElementById(arguments[0]).tBodies[0].rows]"
                       ".map((r) => [...r.cells].map((c) => c.textContent))", name)


def key(browser, name, code=None):
    for kind in ("keyDown", "keyUp"):
        browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {
            "type": kind, "key": name, "code": code or name,
            "windowsVirtualKeyCode": {"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowDown": 40,
                                      "ArrowLeft": 37, "ArrowUp": 38, "Home": 36, "End": 35}.get(name, 0)})


def test_planting_changes_cells(pair, page):
    device, web = pair
    browser = page(web)
    assert browser.run("return document.querySelectorAll('#map .cell').length") == 1024
    assert marks(browser) == {} and browser.text("#lines") == "0"
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=3 * CELL, length=64)
        qmp.cmd("swcxl-plant-poison", start=7 * CELL - 64, length=128, known=False)
        qmp.cmd("swcxl-plant-poison", start=1023 * CELL, length=CELL, permanent=True)
        wait_until("the cells are marked", lambda: len(marks(browser)) == 4)
        assert marks(browser) == {
            3: ({"cell", "listed"}, "●"), 6: ({"cell", "latent"}, "?"),
            7: ({"cell", "latent"}, "?"), 1023: ({"cell", "permanent"}, "■")}
        qmp.cmd("swcxl-plant-poison", start=3 * CELL + 640, length=64, known=False)
        wait_until("a listed and a latent one", lambda: "also" in marks(browser)[3][0])
        qmp.cmd("swcxl-write-media", start=3 * CELL, data="00" * 64)
        wait_until("only the latent one is left",
                   lambda: marks(browser)[3] == ({"cell", "latent"}, "?"))
        assert browser.text("#lines") == f"{3 + CELL // 64:,}"


def test_overflow_appears_and_goes(start, page):
    device, web = start("--volatile", "256M", "--clock", "virtual", "--poison-list-max", "4")
    browser = page(web)
    assert browser.text("#list-note") == "Has all that is known"
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", ranges=[[n * CELL, 64] for n in range(6)])
        wait_until("it is told", lambda: "Overflow" in browser.text("#list-note"))
        assert browser.text("#list-count") == "4"
        assert "alarm" in browser.run("return document.getElementById('t-list').className")
        assert "overflowed" in browser.text("#announce")
        kinds = [names - {"cell"} for names, _ in marks(browser).values()]
        assert sorted(map(str, kinds)) == ["{'listed'}"] * 4 + ["{'unlisted'}"] * 2
        for n in range(3):
            qmp.cmd("swcxl-write-media", start=n * CELL, data="00" * 64)
        qmp.cmd("swcxl-cci", opcode=0x4304, payload=(0).to_bytes(8, "little").hex() +
                (256 * MIB // 64).to_bytes(8, "little").hex() + "00")
        wait_until("the scan is shown", lambda: browser.text("#work-name") == "Scan Media")
        qmp.cmd("swcxl-clock-step", nanoseconds=10**9)
        wait_until("how far it is", lambda: browser.text("#work-note").startswith("47 %"))
        scanned = browser.run("return document.querySelectorAll('#map .scanned').length")
        assert scanned == browser.run("return state.scan.position") // CELL == 488
        qmp.cmd("swcxl-clock-step", nanoseconds=10**10)
        wait_until("it is idle", lambda: browser.text("#work-name") == "Idle")
        wait_until("the list is complete", lambda: browser.text("#list-note") == "Has all that is known")


def test_the_table_agrees_with_the_truth(start, page):
    device, web = start("--volatile", "256M", "--persistent", "256M", "--clock", "virtual")
    browser = page(web)
    cell = 512 * MIB // 1024
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=2 * cell - 64, length=192, source="injected")
        qmp.cmd("swcxl-plant-poison", start=256 * MIB, length=64, known=False)
        truth = qmp.cmd("swcxl-query-map", cell=cell)["cells"]
        rows = qmp.cmd("swcxl-query-poison")
    assert len(truth) == 3
    wait_until("the table has rows", lambda: len(table(browser, "cells-table")) == 3)
    assert table(browser, "cells-table") == [
        [f"0x{c['start']:010x}", "Volatile" if c["start"] < 256 * MIB else "Persistent",
         *(str(c[key]) for key in ("ranges", "lines", "latent", "listed", "permanent", "injected"))]
        for c in truth]
    assert [(r[0], r[2], r[3]) for r in table(browser, "ranges-table")] == [
        (f"0x{row['start']:010x}", "listed" if row["listed"] else "latent", row["source"])
        for row in rows]
    assert {int(row[0], 16) // cell for row in table(browser, "cells-table")} == set(marks(browser))


def test_keyboard(pair, page):
    """All of the page can be reached, and the picture be walked, without a pointer."""
    device, web = pair
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=100 * CELL, length=64)
        qmp.cmd("swcxl-plant-poison", start=70 * CELL, length=64, known=False)
    web.until("both", lambda state: len(state["cells"]["has"]) == 2)
    browser = page(web)
    seen = []
    for _ in range(12):
        key(browser, "Tab")
        seen.append(browser.run("const e = document.activeElement; "
                                "return e.className || e.tagName.toLowerCase()"))
        if seen[-1] == "grid":
            break
    assert seen[0] == "skip" and seen[-1] == "grid"
    outline = browser.run("const s = getComputedStyle(document.activeElement);"
                          "return [s.outlineStyle, s.outlineWidth]")
    assert outline == ["solid", "3px"]
    active = "return document.activeElement.getAttribute('aria-activedescendant')"
    for name, cell in [(None, 0), ("ArrowRight", 1), ("ArrowDown", 65), ("ArrowLeft", 64),
                       ("ArrowUp", 0), ("ArrowUp", 0), ("n", 70), ("n", 100), ("n", 100), ("p", 70),
                       ("End", 1023), ("ArrowDown", 1023), ("Home", 0)]:
        if name:
            key(browser, name)
        assert browser.run(active) == f"c{cell}", name
        assert browser.run("return [...document.querySelectorAll('[aria-selected=true]')]"
                           ".map((e) => e.id)") == [f"c{cell}"]
    key(browser, "n")
    label = browser.run("return document.getElementById('c70').getAttribute('aria-label')")
    assert label == browser.text("#detail") == \
        f"0x{70 * CELL:010x} – 0x{71 * CELL - 1:010x} (256 KiB): 1 poisoned line in 1 range; 1 latent"


def test_names_and_roles(pair, page):
    browser = page(pair[1], TOKEN)
    assert browser.run("return document.documentElement.lang") == "en"
    nameless = browser.run("""
        return [...document.querySelectorAll('button, input, select, progress, [role], section')]
          .filter((e) => !e.matches('[role=status], [role=alert]'))
          .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') ||
                           e.textContent.trim() || e.closest('label')?.textContent.trim()))
          .map((e) => e.outerHTML.slice(0, 100))""")
    assert nameless == []
    assert browser.run("""return [...document.querySelectorAll('[aria-labelledby]')]
        .filter((e) => !document.getElementById(e.getAttribute('aria-labelledby'))).length""") == 0
    assert browser.run("""return [...document.querySelectorAll('table')]
        .filter((t) => t.querySelectorAll('thead th[scope=col]').length < 3).length""") == 0


CONTRASTS = """
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => {
    const v = c[i] / 255; return sum + part * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const back = (e) => { const c = rgb(getComputedStyle(e).backgroundColor);
    return c[3] === 255 || !e.parentElement ? c : back(e.parentElement); };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    if (e.closest('.hidden, .skip, option')) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)]);
  }
  return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(start, page, scheme):
    device, web = start("--volatile", "256M", "--poison-list-max", "2", "--dc-regions", "1",
                        "--clock", "virtual")
    with device.qmp() as qmp:
        for n in range(4):
            qmp.cmd("swcxl-plant-poison", start=n * MIB, length=64)
        qmp.cmd("swcxl-plant-poison", start=5 * MIB, length=64, known=False)
        qmp.cmd("swcxl-plant-poison", start=6 * MIB, length=64, permanent=True)
        qmp.cmd("swcxl-plant-poison", start=300 * MIB, length=64)
    web.until("all", lambda state: state["poison"]["ranges"] == 7)
    browser = page(web, TOKEN)
    browser.scheme(scheme)
    wait_until("the cells are marked", lambda: len(marks(browser)) == 7)
    found = browser.run(CONTRASTS)
    assert len(found) > 60
    assert [entry for entry in found if entry[0] < 4.5] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(pair, page, width):
    device, web = pair
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", ranges=[[n * MIB, 64] for n in range(256)])
    browser = page(web, TOKEN)
    browser.size(width, 800)
    wait_until("it has that width", lambda: browser.run("return innerWidth") == width)
    assert browser.run("return document.documentElement.scrollWidth") == width


def test_a_device_that_goes_and_comes_back(tmp_path, page):
    path = str(tmp_path / "qmp")
    options = ("--volatile", "256M", "--clock", "virtual", "--qmp", path)
    with Daemon(*options, vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=0, length=64)
        web = Web(device)
        browser = page(web)
        wait_until("its error", lambda: len(marks(browser)) == 1)
    try:
        wait_until("it is gone", lambda: browser.text("#link") == "device gone")
        assert "last known" in browser.text("#banner") and len(marks(browser)) == 1
        with Daemon(*options, vfio=False):
            wait_until("it is back", lambda: browser.text("#link") == "live")
            wait_until("a new one", lambda: marks(browser) == {})
            assert browser.run("return document.getElementById('banner').hidden")
    finally:
        browser.driver.get("about:blank")
        web.stop()


def test_a_server_that_goes(pair, page):
    _, web = pair
    browser = page(web)
    web.stop()
    wait_until("it is told", lambda: browser.text("#link") == "no server")
    assert all("ERR_CONNECTION_REFUSED" in text or "ERR_EMPTY_RESPONSE" in text or
               "INCOMPLETE_CHUNKED" in text for text in browser.errors())
    browser.driver.get("about:blank")
    browser.errors()


def submit(browser, form, button=None, **fields):
    for name, value in fields.items():
        browser.run("document.querySelector(arguments[0]).value = arguments[1]",
                    f"{form} [name={name}]", value)
    browser.run("document.querySelector(arguments[0]).click()",
                f"{form} button{f'[name={button}]' if button else ''}")


def test_read_only_has_no_buttons(start, page):
    _, web = start(token=None)
    browser = page(web)
    assert browser.run("return [...document.querySelectorAll('button')]"
                       ".filter((b) => b.checkVisibility()).length") == 0


def test_what_a_person_with_the_token_can_do(pair, page):
    device, web = pair
    browser = page(web)
    assert browser.run("return document.getElementById('forms').hidden")
    submit(browser, "#token-form")  # nothing was typed
    assert browser.run("return document.getElementById('forms').hidden")
    browser.run("document.getElementById('token').value = 'wrong-horse-battery'")
    submit(browser, "#token-form")
    submit(browser, "[data-action=plant]", start="1M", length="64")
    wait_until("it is refused", lambda: browser.text("#action-note") == "That is not the token")
    assert all("401" in text for text in browser.errors())
    browser.run("document.getElementById('token').value = arguments[0]", TOKEN)
    submit(browser, "#token-form")
    submit(browser, "[data-action=plant]", start="1M", length="0x80", source="vendor")
    wait_until("it is done", lambda: browser.text("#action-note") == "Planted")
    with device.qmp() as qmp:
        assert [(r["start"], r["length"], r["source"]) for r in qmp.cmd("swcxl-query-poison")] == \
            [(MIB, 128, "vendor")]
        wait_until("it is shown", lambda: MIB // CELL in marks(browser))
        submit(browser, "[data-action=line]", "clear", start="0x100000")
        wait_until("cleared", lambda: browser.text("#action-note") == "Cleared")
        assert len(qmp.cmd("swcxl-query-poison")) == 1
        submit(browser, "[data-action=line]", "inject", start="64")
        wait_until("injected", lambda: browser.text("#action-note") == "Injected")
        submit(browser, "[data-action=scan]", "scan")
        wait_until("it scans", lambda: browser.text("#work-name") == "Scan Media")
        submit(browser, "[data-action=scan]", "abort")
        wait_until("no more", lambda: browser.text("#work-name") == "Idle")
    submit(browser, "[data-action=plant]", start="1", length="64")
    wait_until("why not", lambda: "multiples of 64" in browser.text("#action-note"))
    submit(browser, "[data-action=plant]", start="one", length="64")
    wait_until("why not", lambda: "is no number" in browser.text("#action-note"))
    assert all("400" in text for text in browser.errors())


def test_text_is_no_markup(pair, page):
    """Whatever a device says."""
    browser = page(pair[1])
    text = "<b>bold</b><script>x</script>"
    shown = browser.run("""
        draw({...state, device: {...state.device, name: arguments[0]},
          background: {...state.background, name: arguments[0], running: true},
          records: [{log: 'fatal', type: arguments[0], detail: arguments[0], time: 0}]});
        const at = (selector) => document.querySelector(selector).textContent;
        return [at('#name'), at('#work-name'), at('#events-table td:nth-child(3)'),
          document.querySelectorAll('main b:not(.legend b), main script').length]""", text)
    assert shown == [text, text, f"{text}: {text}", 0]


def test_the_page_needs_nothing_from_elsewhere(pair):
    for path in ("/", "/style.css", "/app.js"):
        text = pair[1].ask(path)[2].decode()
        assert not re.search(r"https?://|@import|\burl\(|innerHTML|\beval\b| style=| on\w+=", text), path
