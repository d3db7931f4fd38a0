// SPDX-License-Identifier: MIT
// The page of swcxl-web: draws each state that comes from /api/events. Nothing is ever put into the
// page as markup, and the device's text least of all.
"use strict";

const $ = (id) => document.getElementById(id);
const LINE = 64;
const RANGES = 1, LINES = 2, LATENT = 3, LISTED = 4, PERMANENT = 5, INJECTED = 6; // of a cell

// What a cell is: the first that holds. A character says it as well as its colour.
const KINDS = [
  { name: "permanent", mark: "■", text: "permanent: cannot be cleared", holds: (c) => c[PERMANENT] },
  { name: "unlisted", mark: "○", text: "known, but missing from the list", holds: (c) => c[LINES] > c[LATENT] + c[LISTED] },
  { name: "listed", mark: "●", text: "in the poison list", holds: (c) => c[LISTED] },
  { name: "latent", mark: "?", text: "latent: nobody has noticed", holds: (c) => c[LATENT] },
];
const AWAY = { name: "away", mark: "·", text: "poison where the host has no capacity" };

let state = null, shape = "", cells = [], rates = [], token = sessionStorage.getItem("token");
let hovered = -1, chosen = -1;
const before = {};

// ---- values as text --------------------------------------------------------------------------

const hex = (n) => "0x" + n.toString(16).padStart(10, "0");
const number = (n) => n.toLocaleString("en-US");
const plural = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < 4) { bytes /= 1024; unit++; }
  return `${Number.isInteger(bytes) ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

function time(ns) {
  return ns ? new Date(ns / 1e6).toISOString().replace("T", " ").slice(0, 23) : "not set";
}

function parse(text) {
  const found = /^(0x[0-9a-f]+|\d+)\s*([kmgt]?)(i?b)?$/i.exec(text.trim());
  if (!found) throw new Error(`“${text}” is no number: 4096, 0x1000 and 4K are`);
  return Number(found[1]) * 1024 ** " kmgt".indexOf(found[2].toLowerCase() || " ");
}

// ---- small things of the page ----------------------------------------------------------------

function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// Rows of cells, each a text, a node, or [text, class]; drawn only when they are others.
function rows(id, list) {
  const key = JSON.stringify(list);
  if (before[id] === key) return;
  before[id] = key;
  $(id).tBodies[0].replaceChildren(...list.map((row) => make("tr", "", ...row.map((cell) => {
    if (!Array.isArray(cell)) return make("td", "", cell);
    if (cell[1] === "bar") {
      const bar = make("progress");
      [bar.value, bar.max] = cell[0];
      bar.setAttribute("aria-label", cell[2]);
      return make("td", "", bar);
    }
    if (cell[1] === "tags") return make("td", "", ...cell[0].map(([text, kind]) => make("span", `tag ${kind}`, text)));
    return make("td", cell[1], cell[0]);
  }))));
}

function announce(key, value, text) {
  if (key in before && before[key] !== value && text) $("announce").textContent = text;
  before[key] = value;
}

// ---- the picture -----------------------------------------------------------------------------

const segmentName = (s) => s.kind === "dynamic" ? `Dynamic capacity, region ${s.region}` : s.kind[0].toUpperCase() + s.kind.slice(1);

function segmentOf(address) {
  return state.segments.find((s) => address >= s.start && address < s.start + s.length);
}

// The elements, made anew only when the address space has another shape.
function buildMap() {
  const c = state.cells;
  cells = [];
  $("map").replaceChildren(...state.segments.map((segment, n) => {
    const grid = make("div", "grid"), first = Math.ceil(segment.start / c.size);
    const end = Math.min(Math.ceil((segment.start + segment.length) / c.size), c.count);
    grid.tabIndex = 0;
    grid.setAttribute("role", "listbox");
    grid.setAttribute("aria-label", `${segmentName(segment)}: cells of ${size(c.size)}; arrow keys move`);
    grid.dataset.first = first;
    grid.dataset.end = end;
    for (let i = first; i < end; i++) {
      const cell = make("div", "cell");
      cell.id = `c${i}`;
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-selected", "false");
      cells[i] = { element: cell, key: "" };
      grid.append(cell);
    }
    const title = make("h3", "", segmentName(segment), make("span", "mono", `${hex(segment.start)} – ${hex(segment.start + segment.length - 1)}`), make("span", ""));
    title.lastChild.id = `segment${n}`;
    return make("div", "segment", title, grid);
  }));
}

function common(start, end, range) {
  return Math.max(0, Math.min(end, range.start + range.length) - Math.max(start, range.start));
}

// Of dynamic capacity: what part of a cell the host has, and what is on offer.
function extentsOf(start, end) {
  const sum = { accepted: 0, pending: 0, held: 0 };
  for (const extent of state.extents) sum[extent.state] += common(start, end, extent);
  return sum;
}

function describe(i) {
  const c = state.cells, has = c.by.get(i), start = i * c.size, end = Math.min(start + c.size, state.device.capacity);
  const segment = segmentOf(start);
  let text = `${hex(start)} – ${hex(end - 1)} (${size(end - start)}): `;
  if (!has) text += start >= c.to ? "not looked at yet" : "no errors";
  else {
    text += `${plural(has[LINES], "poisoned line")} in ${plural(has[RANGES], "range")}`;
    const parts = [[LISTED, "listed"], [LATENT, "latent"], [PERMANENT, "permanent"], [INJECTED, "injected"]]
      .filter(([k]) => has[k]).map(([k, word]) => `${number(has[k])} ${word}`);
    const unlisted = has[LINES] - has[LATENT] - has[LISTED];
    if (unlisted > 0 && kindOf(has) !== AWAY) parts.push(`${number(unlisted)} known but not in the list`);
    if (parts.length) text += `; ${parts.join(", ")}`;
  }
  if (segment && segment.kind === "dynamic") {
    const sum = extentsOf(start, end);
    text += sum.accepted ? `; the host has ${size(sum.accepted)} of it` : "; not the host's";
    if (sum.pending) text += `; ${size(sum.pending)} offered`;
  }
  return text;
}

// The kind of a cell that has errors: where the host has nothing no list can miss any.
function kindOf(has) {
  const start = has[0] * state.cells.size;
  if (segmentOf(start)?.kind === "dynamic" && !extentsOf(start, start + state.cells.size).accepted) return AWAY;
  return KINDS.find((kind) => kind.holds(has));
}

function awayAt(address) {
  return segmentOf(address)?.kind === "dynamic" && !extentsOf(address, address + LINE).accepted;
}

function lookOf(i) {
  const c = state.cells, has = c.by.get(i), start = i * c.size, end = start + c.size, scan = state.scan;
  const kind = has && kindOf(has), look = ["cell"];
  if (kind) look.push(kind.name);
  if (has && kind !== AWAY && kind.name !== "latent" && has[LATENT]) look.push("also");
  if (start >= c.to) look.push("unread");
  if (segmentOf(start)?.kind === "dynamic") {
    const sum = extentsOf(start, end);
    if (!sum.accepted) look.push("absent");
    if (sum.pending) look.push("pending");
  }
  if (scan.running && end > scan.start && start < scan.start + scan.length) {
    if (end <= scan.position) look.push("scanned");
    else if (start <= scan.position) look.push("head-of-scan");
  }
  return [look.join(" "), kind ? kind.mark : ""];
}

function drawMap() {
  const c = state.cells;
  c.by = new Map(c.has.map((cell) => [cell[0], cell]));
  const newShape = JSON.stringify([c.size, c.count, state.segments.map((s) => [s.kind, s.start, s.length])]);
  if (newShape !== shape) {
    shape = newShape;
    chosen = hovered = -1;
    buildMap();
    fillScan();
  }
  const extents = JSON.stringify(state.extents);
  if (before.extents !== extents) cells.forEach((cell) => { cell.key = ""; });
  before.extents = extents;
  cells.forEach((cell, i) => {
    const [look, mark] = lookOf(i), key = `${look} ${c.by.get(i)}`;
    if (cell.key === key) return; // nothing of it is another
    cell.key = key;
    cell.element.className = look;
    cell.element.textContent = mark;
    cell.element.setAttribute("aria-label", describe(i));
  });
  state.segments.forEach((s, n) => put(`segment${n}`, s.kind === "dynamic"
    ? `${size(s.length)}, ${size(s.allocated)} with the host${s.pending ? `, ${size(s.pending)} offered` : ""}`
    : `${size(s.length)}${s.kind === "persistent" && state.device.locked ? ", locked" : ""}`));
  put("map-note", c.to < state.device.capacity ? `Looked at ${Math.floor(100 * c.to / state.device.capacity)} % of it so far`
    : `${number(c.count)} cells of ${size(c.size)}`);
  showDetail();
  rows("cells-table", c.has.map((has) => [[hex(has[0] * c.size), "a"], segmentName(segmentOf(has[0] * c.size)),
    ...[RANGES, LINES, LATENT, LISTED, PERMANENT, INJECTED].map((k) => [number(has[k]), "n"])]));
  drawLegend();
}

function drawLegend() {
  const c = state.cells, count = (holds) => c.has.filter(holds).length;
  const entries = KINDS.map((k) => [k.name, k.mark, k.text, count((has) => kindOf(has) === k)]);
  entries.push(["listed also", "●", "with latent errors as well", count((has) => kindOf(has) !== AWAY && has[LATENT] && has[LATENT] < has[LINES])]);
  if (state.segments.some((s) => s.kind === "dynamic")) {
    entries.push(["absent", "", "not the host's", null]);
    entries.push(["absent away", AWAY.mark, AWAY.text, count((has) => kindOf(has) === AWAY)]);
  }
  if (state.scan.running) entries.push(["scanned", "", "scanned", null]);
  const key = JSON.stringify(entries);
  if (before.legend === key) return;
  before.legend = key;
  $("legend").replaceChildren(...entries.map(([look, mark, text, n]) => {
    const sample = make("span", `cell ${look}`, mark);
    sample.setAttribute("aria-hidden", "true");
    return make("li", "", sample, text, n === null ? "" : make("b", "", ` ${plural(n, "cell")}`));
  }));
}

function showDetail() {
  const i = hovered >= 0 ? hovered : chosen;
  if (i >= 0 && i in cells) put("detail", describe(i));
}

function choose(i) {
  if (chosen in cells) cells[chosen].element.setAttribute("aria-selected", "false");
  chosen = i;
  const element = cells[i].element;
  element.setAttribute("aria-selected", "true");
  element.parentElement.setAttribute("aria-activedescendant", element.id);
  showDetail();
  for (const input of document.querySelectorAll("#forms input[name=start]")) input.value = "0x" + (i * state.cells.size).toString(16);
}

function mapKey(event) {
  const grid = event.target.closest(".grid");
  if (!grid) return;
  const first = Number(grid.dataset.first), last = Number(grid.dataset.end) - 1;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  let i = chosen >= first && chosen <= last ? chosen : first - 1;
  if (event.key in moves) i = i < first ? first : i + moves[event.key];
  else if (event.key === "Home") i = first;
  else if (event.key === "End") i = last;
  else if (event.key === "n" || event.key === "p") { // the next, or previous, with errors
    const with_errors = state.cells.has.map((has) => has[0]).filter((at) => at >= first && at <= last);
    const to = event.key === "n" ? with_errors.find((at) => at > i) : with_errors.reverse().find((at) => at < i);
    if (to === undefined) return;
    i = to;
  } else return;
  event.preventDefault();
  if (i >= first && i <= last) choose(i);
}

$("map").addEventListener("keydown", mapKey);
$("map").addEventListener("focusin", (event) => {
  const grid = event.target.closest(".grid");
  if (grid && (chosen < Number(grid.dataset.first) || chosen >= Number(grid.dataset.end)) && grid.dataset.first !== grid.dataset.end) choose(Number(grid.dataset.first));
});
const cellAt = (event) => event.target.classList.contains("cell") ? Number(event.target.id.slice(1)) : -1;
$("map").addEventListener("pointerover", (event) => { hovered = cellAt(event); showDetail(); });
$("map").addEventListener("pointerleave", () => { hovered = -1; showDetail(); });
$("map").addEventListener("click", (event) => { if (cellAt(event) >= 0) choose(cellAt(event)); });

// ---- the rest --------------------------------------------------------------------------------

function drawHead() {
  const d = state.device;
  put("name", d.name);
  document.title = `${d.name} – swcxl`;
  put("identity", `CXL ${d.revision} · ${size(d.capacity)} · serial ${d.serial}${d.clock === "virtual" ? " · virtual time" : ""}`);
  put("footer", `swcxl ${d.version}. The device's clock: ${time(d.timestamp)}.`);
}

function drawTiles() {
  const { list, poison, background: work, scan, scrub, health, commands } = state;
  const latent = state.cells.has.reduce((sum, has) => sum + has[LATENT], 0);
  put("list-count", number(list.count));
  put("list-max", `of ${number(list.max)} records`);
  $("list-bar").max = list.max || 1;
  $("list-bar").value = list.count;
  put("list-note", list.overflow ? "Overflow: errors are missing from it" : list.count === list.max ? "Full: has all that is known" : "Has all that is known");
  $("t-list").classList.toggle("alarm", list.overflow);
  announce("overflow", list.overflow, list.overflow ? "The poison list has overflowed" : "The poison list has all that is known again");
  put("lines", number(poison.lines));
  put("lines-note", `${number(latent)} latent · ${number(poison.injected)} injected · ${number(poison.permanent)} permanent`);
  const running = work.running || scan.running;
  put("work-name", running ? (work.running ? work.name : "Scan Media") : "Idle");
  $("work-bar").value = running ? (work.running ? work.percent : scan.percent) : 0;
  $("work-bar").hidden = !running;
  put("work-note", running ? `${work.running ? work.percent : scan.percent} %${scan.running ? `, at ${hex(scan.position)}` : ""}`
    : (work.opcode ? `Last: ${work.name}, ${work.percent} %: ${work.result}` : "Nothing has run yet") +
      (scrub.enabled ? `. Patrol scrub at ${hex(scrub.position)}` : ""));
  $("t-work").classList.toggle("busy", running);
  announce("running", running, running ? `${work.name} has started` : `${work.name} has ended: ${work.result}`);
  const ill = health.status || !["normal", "ready"].includes(health.media) && health.media;
  put("health", ill ? (health.status || health.media).replaceAll("-", " ") : "Good");
  put("health-note", [health["life"] === 255 ? "" : `life used ${health.life} %`,
    health.temperature === 32767 ? "" : `${health.temperature} °C`,
    `${number(health["corrected-volatile"] + health["corrected-persistent"])} corrected`,
    plural(health.dirty, "dirty shutdown")].filter(Boolean).join(" · "));
  $("t-health").classList.toggle("alarm", Boolean(ill) || [health["life-level"], health["temperature-level"]].includes("critical"));
  put("rate", commands.rate >= 100 ? number(Math.round(commands.rate)) : commands.rate.toFixed(1));
  put("rate-note", `${number(commands.count)} so far, ${plural(commands.errors, "refusal")}`);
  rates = [...rates, commands.rate].slice(-60);
  const top = Math.max(...rates, 1);
  $("spark-line").setAttribute("points", rates.map((rate, i) => `${(120 - 2 * (rates.length - 1 - i))},${(22 - 20 * rate / top).toFixed(1)}`).join(" "));
}

function drawTables() {
  const { logs, records, poison, commands, qmp, vfio } = state;
  rows("logs-table", logs.map((log) => [log.name, [`${number(log.count)} of ${number(log.max)}`, "n"],
    [[log.count, log.max || 1], "bar", `Fill of the log ${log.name}`],
    log.overflow ? [[[`${number(log.lost)} lost`, "bad"]], "tags"] : ["0", "n"]]));
  records.sort((a, b) => b.time - a.time || b.handle - a.handle);
  rows("events-table", records.slice(0, 40).map((record) => [[record.time ? time(record.time) : "–", "a"], record.log,
    `${record.type}${record.detail ? `: ${record.detail}` : ""}`, [record.address === undefined ? "" : hex(record.address), "a"]]));
  put("events-note", !records.length ? "The logs are empty" : records[0].time ? "" : "The device's clock is not set");
  const shown = poison.rows.length;
  put("ranges-note", !shown ? "None" : poison.cut ? `The first ${number(shown)} of about ${number(poison.ranges)}; the picture shows all` : plural(shown, "range"));
  rows("ranges-table", poison.rows.map((row) => [[hex(row.start), "a"], [`${plural(row.length / LINE, "line")} (${size(row.length)})`, "n"],
    [[awayAt(row.start) ? ["not the host's", ""] : row.known ? (row.listed ? ["listed", "good"] : ["not listed", "bad"]) : ["latent", "warn"],
      ...(row.permanent ? [["permanent", "bad"]] : [])], "tags"], row.source]));
  const facts = [["Primary mailbox", plural(commands.primary, "command")], ["Secondary mailbox", plural(commands.secondary, "command")],
    ["Control channel", plural(commands.control, "command")], ["VMM", vfio.connections ? `${plural(vfio.connections, "connection")} so far, ${plural(vfio.interrupts, "interrupt")}` : "none has connected"],
    ["Control socket", `${plural(qmp.clients, "client")}, ${plural(qmp.requests, "request")}`]];
  const key = JSON.stringify(facts);
  if (before.facts !== key) {
    before.facts = key;
    $("counters").replaceChildren(...facts.flatMap(([term, text]) => [make("dt", "", term), make("dd", "", text)]));
  }
}

function drawLink(kind, text, why) {
  $("link").className = `pill ${kind}`;
  put("link", text);
  $("banner").hidden = !why;
  put("banner", why || "");
}

function draw(next) {
  state = next;
  drawLink(state.connected ? "live" : "gone", state.connected ? "live" : "device gone",
    state.connected ? "" : `${state.why}. Trying again.${state.number ? " What is shown is what was last known." : ""}`);
  $("actions").hidden = !state.writable;
  if (!state.number) return;
  drawHead();
  drawMap();
  drawTiles();
  drawTables();
}

// ---- actions ---------------------------------------------------------------------------------

function said(text, failed) {
  put("action-note", text);
  $("action-note").classList.toggle("failed", Boolean(failed));
}

function showForms() {
  $("forms").hidden = !token;
  $("token-form").hidden = Boolean(token);
}

function fillScan() {
  const whole = new Option("the whole device", JSON.stringify([0, state.device.capacity]));
  document.querySelector("select[name=where]").replaceChildren(whole,
    ...state.segments.map((s) => new Option(segmentName(s), JSON.stringify([s.start, s.length]))));
}

async function act(action, body, text) {
  said("…");
  try {
    const answer = await fetch(`/api/${action}`, { method: "POST", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Authorization": `Bearer ${token}` } });
    if (answer.ok) return said(text);
    if (answer.status === 401) {
      token = null;
      sessionStorage.removeItem("token");
      showForms();
      return said("That is not the token", true);
    }
    said((await answer.json()).error, true);
  } catch (error) {
    said(`The server does not answer: ${error.message}`, true);
  }
}

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value;
  $("token").value = "";
  sessionStorage.setItem("token", token);
  showForms();
  said("");
  document.querySelector("#forms input").focus();
});

$("forms").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target, field = new FormData(form), which = event.submitter?.name;
  try {
    if (form.dataset.action === "plant") {
      act("plant", { start: parse(field.get("start")), length: parse(field.get("length")), source: field.get("source"),
        known: !field.has("latent"), permanent: field.has("permanent") }, "Planted");
    } else if (form.dataset.action === "line") {
      const action = which === "clear" ? "clear" : "inject";
      act(action, { start: parse(field.get("start")) }, action === "clear" ? "Cleared" : "Injected");
    } else if (which === "abort") act("abort", {}, "Aborting");
    else {
      const [start, length] = JSON.parse(field.get("where"));
      act("scan", { start, length }, "The scan has started");
    }
  } catch (error) {
    said(error.message, true);
  }
});

// ---- the stream ------------------------------------------------------------------------------

showForms();
const stream = new EventSource("/api/events");
let newest = null; // that is not drawn yet: a page that is not looked at draws nothing
stream.onmessage = (event) => {
  if (newest === null) requestAnimationFrame(() => {
    const text = newest;
    newest = null;
    draw(JSON.parse(text));
  });
  newest = event.data;
};
stream.onerror = () => {
  drawLink("gone", "no server", "swcxl-web does not answer. Trying again." + (state ? " What is shown is what was last known." : ""));
  if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000); // it said no
};
