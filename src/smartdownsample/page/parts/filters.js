// What is shown: every part of the page registers what it redraws by `onFilter`, and narrows down what
// all of them show by `setFilter`.

const filters = find("#filters");
const NARROW = matchMedia("(max-width: 46rem)");
// null where anything is wanted.
const NO_FILTER = { camera: null, firstDay: null, lastDay: null, event: null, bucket: null,
  group: null, word: null, state: null, selectedBy: null, text: "" };
let filter = { ...NO_FILTER };
let matching = Int32Array.of();
let isMatching = new Uint8Array(nItems);
const redraws = [];
// Those that are not done yet. What is in sight is drawn at once, and everything else after it.
let waiting = [];
// What is typed fast is searched once, so many milliseconds after the last key.
const TYPING_PAUSE = 150;
let typing = 0;
// Made when it is first searched.
let lowered = null;

// Calls `redraw` with the matching rows, ascending, now and after each change; `part` is what it draws.
function onFilter(part, redraw) {
  redraws.push({ part, redraw });
}

// For what is drawn by an object, which `make` makes when it is first needed.
function showFiltered(part, make) {
  let own = null;
  onFilter(part, (rows) => {
    own ??= make();
    own.show(rows);
  });
}

function isInSight(part) {
  const { top, bottom } = part.getBoundingClientRect();
  return bottom >= 0 && top <= innerHeight;
}

function drawNext() {
  const next = waiting.shift();
  next?.redraw(matching);
  document.documentElement.toggleAttribute("data-waiting", waiting.length > 0);
  return Boolean(next);
}

function drawAll() {
  while (drawNext());
}

// A task for each part, so that clicks and keys are heard between them.
const { port1: drawer, port2: drawing } = new MessageChannel();
drawer.onmessage = () => drawNext() && drawing.postMessage(null);

function setFilter(changes) {
  filter = { ...filter, ...changes };
  showFilter();
  writeAddress();
  applyFilters();
}

function showFilter() {
  for (const name of ["camera", "bucket", "group", "word", "selectedBy", "text"]) {
    if (filters.elements[name]) {
      filters.elements[name].value = filter[name] ?? "";
    }
  }
  // Chromium chooses none by the value of all, when that is empty.
  for (const button of findAll("[name=state]", filters)) {
    button.checked = button.value === String(filter.state ?? "");
  }
  for (const name of ["firstDay", "lastDay"]) {
    filters.elements[name].value = filter[name] === null ? "" : spellDay(filter[name]);
  }
  const event = find("#event");
  event.hidden = filter.event === null;
  event.textContent = `Event ${count((filter.event ?? 0) + 1)} ×`;
  event.ariaLabel = `${event.textContent.slice(0, -2)}, show all events`;
}

function listTests(wanted) {
  const { firstDay, lastDay } = wanted;
  const text = wanted.text.toLowerCase();
  lowered ??= text ? items.name.map((_, row) => `${pathOf(row)} ${describeContent(row)}`.toLowerCase()) : null;
  const tests = [];
  for (const name of ["camera", "event", "bucket", "group", "word", "state", "selectedBy"]) {
    if (wanted[name] !== null) {
      tests.push((row) => items[name][row] === wanted[name]);
    }
  }
  if (firstDay !== null || lastDay !== null) {
    const start = (firstDay ?? -Infinity) * SECONDS_PER_DAY;
    const end = ((lastDay ?? Infinity) + 1) * SECONDS_PER_DAY;
    const { captured } = items;
    tests.push((row) => captured[row] !== null && captured[row] >= start && captured[row] < end);
  }
  if (text) {
    tests.push((row) => lowered[row].includes(text));
  }
  return tests;
}

function findRows(wanted) {
  const tests = listTests(wanted);
  const rows = new Int32Array(nItems);
  let n = 0;
  for (let row = 0; row < nItems; row += 1) {
    if (tests.every((test) => test(row))) {
      rows[n] = row;
      n += 1;
    }
  }
  return rows.subarray(0, n);
}

// Whether nothing but paths and cameras is chosen, which unreadable images have as well.
function isOfPlaces() {
  return Object.entries(filter).every(([name, value]) => name === "camera" || name === "text" || value === null);
}

// Nothing but the path and the camera is known of images that are unreadable.
function findFailures() {
  const text = filter.text.toLowerCase();
  return [...items.failurePath.keys()].filter((place) => items.failurePath[place].toLowerCase().includes(text)
    && (filter.camera === null || items.failureCamera[place] === filter.camera));
}

function applyFilters() {
  matching = findRows(filter);
  isMatching = new Uint8Array(nItems);
  for (const row of matching) {
    isMatching[row] = 1;
  }
  const n = matching.length;
  const { firstDay, lastDay } = filter;
  const isReversed = firstDay !== null && lastDay !== null && firstDay > lastDay;
  find("#matching").textContent = isReversed ? "“From” is later than “To”"
    : n < nItems ? `${count(n)} of ${count(nItems)} ${nouns} match` : "";
  waiting = [];
  for (const each of redraws) {
    if (isInSight(each.part)) {
      each.redraw(matching);
    } else {
      waiting.push(each);
    }
  }
  document.documentElement.toggleAttribute("data-waiting", waiting.length > 0);
  requestAnimationFrame(() => drawing.postMessage(null));
}

function readForm(isTyped = false) {
  clearTimeout(typing);
  const chosen = new FormData(filters);
  const choice = (name) => (chosen.get(name) ? Number(chosen.get(name)) : null);
  filter = { ...filter, camera: choice("camera"), bucket: choice("bucket"), group: choice("group"), word: choice("word"),
    state: choice("state"), selectedBy: filters.elements.selectedBy ? choice("selectedBy") : filter.selectedBy,
    firstDay: readDay(chosen.get("firstDay")), lastDay: readDay(chosen.get("lastDay")), text: chosen.get("text") };
  writeAddress(isTyped);
  applyFilters();
}

addEventListener("beforeprint", drawAll);
filters.addEventListener("input", (event) => {
  if (event.target.name === "text") {
    clearTimeout(typing);
    typing = setTimeout(readForm, TYPING_PAUSE, true);
  } else {
    readForm();
  }
});
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", (event) => {
  event.preventDefault();
  setFilter(NO_FILTER);
});
find("#event").addEventListener("click", () => setFilter({ event: null }));

function offerChoices(name, texts, titles = texts) {
  const select = filters.elements[name];
  select?.append(...texts.map((text, value) => make("option", { value, title: titles[value] }, text || NO_NAME)));
  select?.closest("label").toggleAttribute("hidden", texts.length < 2);
}

function offerDays() {
  const hasTimes = items.captured.some((seconds) => seconds !== null);
  for (const name of ["firstDay", "lastDay"]) {
    filters.elements[name].closest("label").hidden = !hasTimes;
  }
}

offerChoices("camera", cameraNames, items.cameras);
offerChoices("bucket", items.buckets);
offerChoices("group", groupNames, items.groups);
offerChoices("word", items.words);
offerDays();

// Headings that one jumps to stand below the bar, if it stays in sight.
const MAX_LOW = 100;
new ResizeObserver(() => {
  const isLow = filters.offsetHeight <= MAX_LOW && !NARROW.matches;
  filters.classList.toggle("low", isLow);
  document.documentElement.style.setProperty("--covered", `${isLow ? filters.offsetHeight : 0}px`);
}).observe(filters);

// Narrow screens have room for one field and this button.
const moreFilters = find("#more-filters");
moreFilters.hidden = false;
moreFilters.addEventListener("click", () => {
  const isOpen = filters.classList.toggle("open");
  moreFilters.ariaExpanded = isOpen;
  moreFilters.textContent = isOpen ? "Fewer filters" : "More filters";
});
