// What is shown: every part of the page registers what it redraws by `onFilter`, and narrows down what
// all of them show by `setFilter`.

const SECONDS_PER_DAY = 86_400;
const filters = find("#filters");
// null where anything is wanted. Days are counted from 1970, by the cameras' clocks.
const NO_FILTER = { camera: null, firstDay: null, lastDay: null, event: null, bucket: null,
  group: null, state: null, text: "" };
let filter = { ...NO_FILTER };
let matching = Int32Array.of();
let isMatching = new Uint8Array(nItems);
const redraws = [];

// Calls `redraw` with the matching rows, ascending, now and after each change.
function onFilter(redraw) {
  redraws.push(redraw);
}

function setFilter(changes) {
  filter = { ...filter, ...changes };
  for (const name of ["bucket", "group", "state", "text"]) {
    if (filters.elements[name]) {
      filters.elements[name].value = filter[name] ?? "";
    }
  }
  applyFilters();
}

function listTests() {
  const { firstDay, lastDay } = filter;
  const text = filter.text.toLowerCase();
  const tests = [];
  for (const name of ["camera", "event", "bucket", "group", "state"]) {
    if (filter[name] !== null) {
      tests.push((row) => items[name][row] === filter[name]);
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

function applyFilters() {
  const tests = listTests();
  isMatching = new Uint8Array(nItems);
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
  find("#matching").textContent = n < nItems
    ? `${count(n)} of ${count(nItems)} images match`
    : `${count(nItems)} images`;
  for (const redraw of redraws) {
    redraw(matching);
  }
}

function readForm() {
  const chosen = new FormData(filters);
  const choice = (name) => (chosen.get(name) ? Number(chosen.get(name)) : null);
  setFilter({ bucket: choice("bucket"), group: choice("group"), state: choice("state"),
    text: chosen.get("text") });
}

filters.addEventListener("input", readForm);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", (event) => {
  event.preventDefault();
  setFilter(NO_FILTER);
});

for (const link of findAll("[data-group]")) {
  link.addEventListener("click", () => setFilter({ group: Number(link.dataset.group) }));
}
