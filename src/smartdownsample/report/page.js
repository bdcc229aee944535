// Filters, the paged lists and the details. All that is known of the images comes as columns: lists
// with one value for each image, compressed, see page_items.py.

const EXCLUDED = 0, KEPT = 1, EARLIER = 2;
const STATES = ["excluded", "kept", "earlier"];
const STATE_NAMES = ["Excluded", "Kept", "Selected before"];
const ROWS_PER_PAGE = 50;

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
const count = (number) => number.toLocaleString("en");

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const items = await unpack(find("#items").textContent);
const nItems = items.name.length;
const paths = items.name.map((name, row) => items.folders[items.folder[row]] + name);
const contents = items.name.map((_, row) => describeContent(row));
const lowered = paths.map((path, row) => `${path} ${contents[row]}`.toLowerCase());
const buckets = findAll("#filters [name=bucket] option").slice(1).map((option) => option.text);

// ---------------------------------------------------------------- theme

const theme = find("#theme");
const systemTheme = matchMedia("(prefers-color-scheme: dark)");

function followSystem() {
  delete document.documentElement.dataset.theme;
  theme.setAttribute("aria-pressed", systemTheme.matches);
}

theme.hidden = false;
theme.addEventListener("click", () => {
  const isDark = theme.getAttribute("aria-pressed") !== "true";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  theme.setAttribute("aria-pressed", isDark);
});
systemTheme.addEventListener("change", followSystem);
followSystem();

// ---------------------------------------------------------------- lists

// Shows one page of a long list at a time, so that the document stays small.
class Pager {
  constructor(root, makeRow) {
    this.makeRow = makeRow;
    this.body = find("tbody", root);
    this.input = find("input", root);
    this.pages = find(".pages", root);
    this.range = find(".range", root);
    this.buttons = findAll("[data-step]", root);
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.turn(this.page + Number(button.dataset.step)));
    }
    this.input.addEventListener("change", () => this.turn(Number(this.input.value) - 1));
    root.hidden = false;
  }

  show(rows) {
    this.rows = rows;
    this.turn(0);
  }

  turn(page) {
    const last = Math.max(Math.ceil(this.rows.length / ROWS_PER_PAGE) - 1, 0);
    this.page = Math.min(Math.max(Math.trunc(page) || 0, 0), last);
    const start = this.page * ROWS_PER_PAGE;
    const shown = this.rows.slice(start, start + ROWS_PER_PAGE);
    this.body.replaceChildren(...Array.from(shown, this.makeRow));
    this.input.value = this.page + 1;
    this.input.max = last + 1;
    this.pages.textContent = `of ${count(last + 1)}`;
    this.range.textContent = shown.length
      ? `${count(start + 1)}–${count(start + shown.length)} of ${count(this.rows.length)}`
      : "none";
    for (const button of this.buttons) {
      button.disabled = this.page === (button.dataset.step < 0 ? 0 : last);
    }
  }
}

function makeItemRow(row) {
  const button = make("button", { type: "button" },
    make("span", { className: "folder" }, items.folders[items.folder[row]]),
    make("span", {}, items.name[row]),
    ...(contents[row] ? [make("span", { className: "content" }, contents[row])] : []));
  const cells = [
    make("th", { scope: "row", title: nameItem(row, paths[row]) }, button),
    make("td", {}, make("span", { className: `state ${STATES[items.state[row]]}` },
      STATE_NAMES[items.state[row]])),
    make("td", { className: "spare", title: buckets[items.bucket[row]] }, buckets[items.bucket[row]]),
  ];
  if (items.group.length) {
    cells.push(make("td", { className: "spare" }, items.groups[items.group[row]]));
  }
  cells.push(make("td", { className: "spare" }, describeTime(items.captured[row])));
  const line = make("tr", {}, ...cells);
  line.dataset.row = row;
  return line;
}

function makeFailureRow(place) {
  return make("tr", {},
    make("th", { scope: "row" }, items.failurePath[place]),
    make("td", {}, items.causes[items.failureCause[place]]));
}

// What a document says is in an image, and how sure that is.
function describeContent(row) {
  const confidence = items.confidence?.[row];
  const what = items.label?.[row] || items.category?.[row];
  return [what, confidence?.toFixed(2)].filter(Boolean).join(" ");
}

function nameItem(row, name = items.name[row]) {
  return [name, contents[row]].filter(Boolean).join(", ");
}

function describeTime(seconds) {
  // The camera's own time, which knows of no zone.
  return seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

// -------------------------------------------------------------- filters

const filters = find("#filters");
const list = new Pager(find("#list"), makeItemRow);
const thumbnails = findAll(".thumbnail");
const panels = findAll(".panel");
let matching = Int32Array.of();

function applyFilters() {
  const chosen = new FormData(filters);
  const text = chosen.get("text").toLowerCase();
  const isWanted = (column, name) => {
    const value = chosen.get(name) ?? "";
    return value === "" ? () => true : (row) => column[row] === Number(value);
  };
  const tests = [isWanted(items.state, "state"), isWanted(items.bucket, "bucket"),
    isWanted(items.group, "group"), (row) => lowered[row].includes(text)];
  const isMatching = new Uint8Array(nItems);
  const rows = new Int32Array(nItems);
  let n = 0;
  for (let row = 0; row < nItems; row += 1) {
    if (tests.every((test) => test(row))) {
      isMatching[row] = 1;
      rows[n] = row;
      n += 1;
    }
  }
  matching = rows.subarray(0, n);
  showMatches(isMatching, chosen.get("state"));
}

function showMatches(isMatching, state) {
  const isFiltered = matching.length < nItems;
  for (const thumbnail of thumbnails) {
    thumbnail.hidden = !isMatching[thumbnail.dataset.row];
  }
  for (const panel of panels) {
    panel.hidden = isFiltered && !find(".thumbnail:not([hidden])", panel);
  }
  for (const side of findAll(".side")) {
    side.hidden = state !== "" && STATES[state] !== side.dataset.side;
    find(".of", side).hidden = isFiltered;
    enterStrip(side);
  }
  find("#no-thumbnail").hidden = panels.some((panel) => !panel.hidden);
  find("#matching").textContent = isFiltered
    ? `${count(matching.length)} of ${count(nItems)} images match`
    : `${count(nItems)} images`;
  list.show(matching);
}

filters.addEventListener("input", applyFilters);
filters.addEventListener("submit", (event) => event.preventDefault());
// The fields are cleared after this event.
filters.addEventListener("reset", () => setTimeout(applyFilters));

for (const link of findAll("[data-group]")) {
  link.addEventListener("click", () => {
    filters.elements.group.value = link.dataset.group;
    applyFilters();
  });
}

// One stop of the tab key for each strip of thumbnails; arrow keys move within.
function enterStrip(strip, entry = find(".thumbnail:not([hidden])", strip)) {
  for (const thumbnail of findAll(".thumbnail", strip)) {
    thumbnail.tabIndex = thumbnail === entry ? 0 : -1;
  }
}

document.addEventListener("keydown", (event) => {
  const strip = event.target.closest(".thumbnails");
  if (!strip) {
    return;
  }
  const visible = findAll(".thumbnail:not([hidden])", strip);
  const place = visible.indexOf(event.target);
  const goal = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: visible.length - 1 }[event.key];
  if (goal in visible) {
    event.preventDefault();
    enterStrip(strip, visible[goal]);
    visible[goal].focus();
  }
});

// -------------------------------------------------------------- details

const details = find("#details");
let shownRow = 0;

function showDetails(row) {
  shownRow = row;
  find("h2", details).textContent = nameItem(row);
  showPicture(find("#own"), row);
  showPhoto(find("#around"), row);
  const nearest = items.nearest[row];
  find("#nearest").hidden = nearest < 0;
  if (nearest >= 0) {
    showPicture(find("#nearest"), nearest);
    find("#nearest a").textContent = `Most like it: ${nameItem(nearest)}`;
  }
  find(".why", details).textContent = explain(row);
  find("dl", details).replaceChildren(...describe(row).flatMap(([term, ...description]) =>
    [make("dt", {}, term), make("dd", {}, ...description)]));
  const place = matching.indexOf(row);
  find("[data-act=previous]").disabled = place <= 0;
  find("[data-act=next]").disabled = place < 0 || place === matching.length - 1;
  find("output", details).textContent = "";
  if (!details.open) {
    details.showModal();
  }
}

function showPicture(figure, row) {
  const image = find(`.thumbnail[data-row="${row}"] img`);
  const picture = find(".picture", figure);
  if (image) {
    picture.replaceChildren(make("img", { src: image.src, alt: paths[row] }));
  } else {
    picture.replaceChildren(make("span", {}, "No thumbnail on this page"));
  }
}

// The photo of a crop, with its box.
function showPhoto(figure, row) {
  if (!figure) {
    return;
  }
  const image = find(`#photos [data-photo="${items.photo[row]}"]`);
  figure.hidden = !image || isWhole(row);
  if (figure.hidden) {
    return;
  }
  const box = make("span", { className: "box" });
  const [x, y, width, height] = items.box[row].map((share) => `${100 * share}%`);
  Object.assign(box.style, { left: x, top: y, width, height });
  const photo = make("span", { className: "photo" }, make("img", { src: image.src, alt: "" }), box);
  find(".picture", figure).replaceChildren(photo);
  find("figcaption", figure).textContent = `In ${items.name[row]}`;
}

function isWhole(row) {
  return !items.box || items.box[row].join() === "0,0,1,1";
}

function describeBox(row) {
  const [x, y, width, height] = items.box[row].map((share) => `${(100 * share).toFixed(1)} %`);
  return `left ${x}, top ${y}, width ${width}, height ${height} of the photo`;
}

function explain(row) {
  const isNear = items.nearest[row] >= 0;
  const apart = `${items.distance[row].toFixed(1)} levels apart`
    + (items.isNearDuplicate[row] ? ", a near-duplicate" : "");
  if (items.state[row] === EXCLUDED) {
    return isNear ? `Excluded. The kept image that looks most like it is ${apart}.` : "Excluded.";
  }
  if (items.state[row] === EARLIER) {
    return "Selected before; the kept images were chosen to look different from it.";
  }
  const others = items.standsFor[row] - 1;
  const kept = others > 0
    ? `Kept. It stands for ${others.toLocaleString("en")} other image${others > 1 ? "s" : ""}.`
    : "Kept. It stands for itself.";
  return isNear ? `${kept} The selected image that looks most like it is ${apart}.` : kept;
}

function describe(row) {
  const colour = `#${items.colour[row].toString(16).padStart(6, "0")}`;
  const swatch = make("span", { className: "swatch" });
  swatch.style.background = colour;
  return [
    ["Path", paths[row]],
    ...(items.rank[row] >= 0
      ? [["Rank", `${count(items.rank[row] + 1)}; all up to this rank are a diverse selection too`]]
      : []),
    ...["category", "label", "confidence"].filter((name) => (items[name]?.[row] ?? null) !== null)
      .map((name) => [name[0].toUpperCase() + name.slice(1), String(items[name][row])]),
    ...(isWhole(row) ? [] : [["Box", describeBox(row)]]),
    ["Bucket", buckets[items.bucket[row]]],
    ...(items.group.length ? [["Group", items.groups[items.group[row]]]] : []),
    ["Taken", describeTime(items.captured[row]) || "not known"],
    ["Size", `${count(items.width[row])} × ${count(items.height[row])} pixels`],
    ["Mean colour", swatch, colour],
  ];
}

function step(distance) {
  const row = matching[matching.indexOf(shownRow) + distance];
  if (row !== undefined) {
    showDetails(row);
  }
}

async function copyPath() {
  const said = find("output", details);
  try {
    await navigator.clipboard.writeText(paths[shownRow]);
    said.textContent = "Copied";
  } catch {
    // Browsers may forbid it; a marked text can be copied by hand.
    getSelection().selectAllChildren(find("dd", details));
    said.textContent = "Marked; press Ctrl+C to copy";
  }
}

const ACTS = { close: () => details.close(), previous: () => step(-1), next: () => step(1), copy: copyPath };

details.addEventListener("click", (event) => {
  ACTS[event.target.dataset.act]?.();
  if (event.target === details) { // beside it
    details.close();
  }
});
details.addEventListener("keydown", (event) => {
  step({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? NaN);
});
find("#nearest a").addEventListener("click", (event) => {
  event.preventDefault();
  showDetails(items.nearest[shownRow]);
});
document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-row]");
  if (item) {
    showDetails(Number(item.dataset.row));
  }
});

// ---------------------------------------------------------------- start

if (items.failurePath.length) {
  new Pager(find("#failures"), makeFailureRow).show(items.failurePath.map((_, place) => place));
}
filters.hidden = false;
applyFilters();
document.documentElement.dataset.ready = "";
