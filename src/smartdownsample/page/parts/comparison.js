// Two selections compared. What filters say of selections is passed over, so that all figures are of
// both: the buttons switch between what each has.

const FIRST = 1, SECOND = 2, BOTH = 3;
const MAX_LINES = 500;
const MAX_UNLIKE = 12;
const compared = find("#compared");
const isGrowth = compared?.dataset.kind === "growth";
const isPair = compared?.dataset.kind === "pair";
const FACETS = { camera: cameraNames, bucket: items.buckets, group: groupNames };
const TITLES = { camera: items.cameras, group: items.groups };

// Where two selections are compared, which of them have an image says more than that one has it.
function nameState(row) {
  return isPair
    ? find(`[value="${items.selectedBy[row]}"]`, filters.elements.selectedBy).text
    : STATE_NAMES[items.state[row]];
}

function classOf(row) {
  return isPair ? `by-${items.selectedBy[row]}` : STATES[items.state[row]];
}

let comparedRows = matching;

// Counts by what the selections have of an image (0 to 3), and by what they cover of it.
const makeTally = (key) => ({ key, images: 0, measured: 0, have: [0, 0, 0, 0], covered: [0, 0, 0, 0],
  known: [0, 0, 0, 0], shared: [0, 0, 0, 0], events: new Map() });

// What the selections have and cover of some rows, for each key that these have.
function tally(rows, keys) {
  const found = new Map();
  for (const row of rows) {
    const key = keys ? keys[row] : 0;
    if (!found.has(key)) {
      found.set(key, makeTally(key));
    }
    const line = found.get(key);
    const by = items.selectedBy[row], cover = items.coveredBy[row], event = items.event[row];
    line.images += 1;
    line.have[by] += 1;
    if (cover >= 0) {
      line.measured += 1;
      line.covered[cover] += 1;
      line.known[by] += 1;
      line.shared[by] += cover === BOTH;
    }
    if (event >= 0) {
      line.events.set(event, (line.events.get(event) ?? 0) | by);
    }
  }
  return [...found.values()];
}

const sumOf = (counts, bit) => counts[bit] + counts[BOTH];

function drawBar(bar, { have }, largest) {
  const selected = have[FIRST] + have[BOTH] + have[SECOND];
  bar.classList.toggle("empty", !selected);
  bar.style.setProperty("--size", inPercent(selected, largest || 1, 2));
  bar.style.setProperty("--share-first", inPercent(have[FIRST], selected || 1, 2));
  bar.style.setProperty("--share-both", inPercent(have[BOTH], selected || 1, 2));
}

// How many of the distinct values of a column a selection has images of.
function reach(rows, keys) {
  const lines = tally(rows, keys);
  return (bit) => `${count(lines.filter(({ have }) => sumOf(have, bit)).length)} of ${count(lines.length)}`;
}

const coveredShare = ({ covered, measured }, bit) => inPercent(sumOf(covered, bit), measured);

function countEvents({ events }, bit) {
  let n = 0;
  for (const bits of events.values()) {
    n += (bits & bit) > 0;
  }
  return n;
}

const eventShare = (line, bit) => inPercent(countEvents(line, bit), line.events.size);

function listTotals(rows, total) {
  return [
    ["Selected", (bit) => count(sumOf(total.have, bit))],
    ...(isGrowth ? [] : [
      ["In this one alone", (bit) => count(total.have[bit])],
      ["Of these, like one of the other", (bit) => inPercent(total.shared[bit], total.known[bit])],
    ]),
    [`${nouns[0].toUpperCase()}${nouns.slice(1)} covered`, (bit) => coveredShare(total, bit)],
    ...(total.events.size
      ? [["Events covered", (bit) =>
        `${eventShare(total, bit)}, ${count(countEvents(total, bit))} of ${count(total.events.size)}`]]
      : []),
    [`${cameraHead}s`, reach(rows, items.camera)],
    ["Buckets", reach(rows, items.bucket)],
    ...(items.group.length ? [["Groups", reach(rows, items.group)]] : []),
  ];
}

function drawTotals(rows, total) {
  drawBar(find(".overlap .bar"), total, sumOf(total.have, FIRST) + total.have[SECOND]);
  for (const button of findAll("[data-selected-by]", compared)) {
    find("output", button).textContent = count(total.have[button.dataset.selectedBy]);
    button.setAttribute("aria-pressed", filter.selectedBy === Number(button.dataset.selectedBy));
  }
  find(".totals tbody").replaceChildren(...listTotals(rows, total).map(([name, figure]) =>
    make("tr", {}, make("th", { scope: "row" }, name),
      ...[FIRST, SECOND].map((bit) => make("td", { className: "number" }, figure(bit))))));
}

function makeLine(facet, names, line, largest) {
  const number = (text, more = "") => make("td", { className: `number${more}` }, text);
  const button = make("button", { type: "button", title: TITLES[facet]?.[line.key] ?? "" }, names[line.key] || NO_NAME);
  button.addEventListener("click", () => setFilter({ [facet]: line.key }));
  const bar = make("span", { className: "bar" });
  drawBar(bar, line, largest);
  const share = find("[name=what]:checked", compared)?.value === "events" ? eventShare : coveredShare;
  const parts = isGrowth ? [BOTH, SECOND] : [FIRST, BOTH, SECOND];
  return make("tr", {}, make("th", { scope: "row" }, button), make("td", { className: "wide" }, bar),
    ...parts.map((bits) => number(count(line.have[bits]))),
    number(count(line.images), " spare"),
    ...[FIRST, SECOND].map((bit) => number(share(line, bit))));
}

function drawLines(rows) {
  const facet = find("[name=facet]:checked", compared).value;
  const names = FACETS[facet];
  const selected = ({ have }) => have[FIRST] + have[BOTH] + have[SECOND];
  // Those of which neither has an image come last.
  const lines = tally(rows, items[facet])
    .sort((a, b) => (selected(b) > 0) - (selected(a) > 0) || a.key - b.key);
  const largest = lines.reduce((most, line) => Math.max(most, selected(line)), 0);
  find(".facet", compared).textContent = facet === "camera" ? cameraHead : facet[0].toUpperCase() + facet.slice(1);
  find(".lines tbody").replaceChildren(...lines.slice(0, MAX_LINES)
    .map((line) => makeLine(facet, names, line, largest)));
  find("#more-lines").hidden = lines.length <= MAX_LINES;
  find("#more-lines").textContent = `and ${count(lines.length - MAX_LINES)} more`;
}

// What one selection has and the other has nothing like.
const unlike = findAll(".unlike", compared ?? undefined).map((figure) => ({
  figure,
  bit: Number(figure.dataset.bit),
  grid: find(".strip", figure),
}));

function drawUnlike(rows) {
  for (const { figure, bit, grid } of unlike) {
    const own = rows.filter((row) => items.selectedBy[row] === bit && items.coveredBy[row] === bit);
    find("output", figure).textContent = count(own.length);
    grid.replaceChildren(...Array.from(own.slice(0, MAX_UNLIKE), (row) => makeTile(row)),
      ...(own.length > MAX_UNLIKE ? [make("span", { className: "more" }, `and ${count(own.length - MAX_UNLIKE)} more`)] : []));
  }
}

function drawComparison() {
  const rows = findRows({ ...filter, selectedBy: null, state: null });
  comparedRows = rows;
  drawUnlike(rows);
  drawTotals(rows, tally(rows)[0] ?? makeTally(0));
  drawLines(rows);
}

if (compared) {
  compared.hidden = false;
  onFilter(sectionOf("comparison"), drawComparison);
  find(".facets", compared).addEventListener("change", () => drawLines(comparedRows));
  for (const button of findAll("[data-selected-by]", compared)) {
    const bits = Number(button.dataset.selectedBy);
    button.addEventListener("click", () =>
      setFilter({ selectedBy: filter.selectedBy === bits ? null : bits }));
  }
}
