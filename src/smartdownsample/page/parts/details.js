// The details of an image: beside it the pick that stands for it, or beside a pick what it stands for.

const details = find("#details");
const MAX_STRIP = 24;
// The image that was opened, its pick, what the pick is compared with, and the rows to go through.
let shown = { row: 0, pick: 0, other: -1, among: matching, nStrip: MAX_STRIP };

// `among` are the rows that "Next" leads through: by default the picks as they are shown, for a pick, or
// else all that match.
function showDetails(row, among = null) {
  const isPick = items.state[row] !== EXCLUDED || items.nearest[row] < 0;
  const pick = isPick ? row : items.nearest[row];
  const inOrder = items.state[row] === KEPT && shownPicks.rows.includes(row) ? shownPicks.rows : matching;
  const other = isPick ? listMembers(pick)[0] ?? items.nearest[pick] : row;
  shown = { row, pick, other, among: among ?? inOrder, nStrip: MAX_STRIP };
  showHead();
  showStrip();
  showPair();
  find(".said", details).textContent = "";
  if (!details.open) {
    details.showModal();
  }
  details.scrollTop = 0;
}

// What a pick stands for, the most alike first.
function listMembers(pick) {
  return membersOf(pick).slice().sort((a, b) => items.distance[a] - items.distance[b] || a - b);
}

function showHead() {
  const { row, among } = shown;
  find("h2", details).textContent = nameItem(row);
  const place = among.indexOf(row);
  find(".place", details).textContent = place < 0 ? "" : `${count(place + 1)} of ${count(among.length)}`;
  find("[data-act=previous]").disabled = place <= 0;
  find("[data-act=next]").disabled = place < 0 || place === among.length - 1;
  const original = find(".original", details);
  const link = linkOf(row);
  original.hidden = link === null;
  if (link !== null) {
    original.href = link;
  }
}

// How much later or earlier an image was taken than another.
function sinceOf(row, pick, isShort = false) {
  const [a, b] = [items.captured[pick], items.captured[row]];
  if (a === null || b === null) {
    return "";
  }
  const duration = describeSpan(b - a, isShort);
  if (isShort) {
    return `${b < a ? "−" : b > a ? "+" : ""}${duration}`;
  }
  return b === a ? "at the same time" : `${duration} ${b < a ? "earlier" : "later"}`;
}

function describeApart(row, pick) {
  const of = items.nearest[row] === pick ? row : items.nearest[pick] === row ? pick : -1;
  return [sinceOf(row, pick), of < 0 ? "" : `${items.distance[of].toFixed(1)} levels apart`,
    of >= 0 && items.isNearDuplicate[of] ? "a near-duplicate" : ""].filter(Boolean).join(", ");
}

function fillPicture(figure, row) {
  const picture = makePicture(row);
  picture.alt = pathOf(row);
  find(".picture", figure).replaceChildren(make("span", { className: "photo" }, picture),
    ...(thumbnailOf(row) ? [] : [make("span", { className: "absent" },
      `Its mean colour: ${isLost(row) ? "the file could not be read any more when the page was made" : "the page has no room for more pictures"}`)]));
  figure.dataset.shows = row;
}

function showPair() {
  const { pick, other, row } = shown;
  fillPicture(find("#own"), pick);
  find("#own figcaption").textContent = { [KEPT]: "The pick", [EARLIER]: "Selected before", [EXCLUDED]: "Excluded" }[items.state[pick]];
  find("#other").hidden = other < 0;
  const difference = find("#difference");
  difference.textContent = "";
  if (other >= 0) {
    fillPicture(find("#other"), other);
    find("#other figcaption").textContent = [items.state[other] === EXCLUDED ? "Excluded" : "Another pick",
      describeApart(other, pick)].filter(Boolean).join(": ");
    markDifferences(pick, other, difference);
  }
  showPhoto(find("#around"), row);
  for (const tile of findAll(".strip .tile", details)) {
    tile.ariaPressed = Number(tile.dataset.row) === other;
  }
  showFacts();
}

async function markDifferences(own, other, said) {
  if (!thumbnailOf(own) || !thumbnailOf(other)) {
    return;
  }
  const found = await findDifferences(own, other);
  if (shown.pick !== own || shown.other !== other) {
    return; // gone on meanwhile
  }
  if (!found) {
    said.textContent = "The two have different shapes, so that no part of one is at the same place in the other.";
  } else if (!found.share) {
    said.textContent = "Nothing differs that shows at this size.";
  } else {
    find("#other .photo").append(outline(found));
    said.textContent = `What differs is outlined: ${inPercent(found.share, 1, 1)} of the picture.`;
  }
}

function showStrip() {
  const { pick, nStrip } = shown;
  const own = listMembers(pick);
  const nNear = own.filter((row) => items.isNearDuplicate[row]).length;
  find("#stands-heading").textContent = own.length
    ? `Stands for ${pluralize(own.length, `other ${noun}`)}`
      + (nNear ? `, ${nNear === own.length ? "all" : count(nNear)} near-duplicates` : "")
    : "Stands for itself";
  const nearest = items.state[pick] === KEPT ? items.nearest[pick] : -1;
  find(".stands .strip").replaceChildren(
    ...own.slice(0, nStrip).map((row) => makeTile(row,
      { note: sinceOf(row, pick, true), told: describeApart(row, pick) })),
    ...(nearest >= 0 ? [makeTile(nearest, { note: "nearest pick", told: "the other pick that looks most like it", hasName: false })] : []));
  find("[data-act=more]").hidden = own.length <= nStrip;
  find(".stands").hidden = items.state[pick] === EXCLUDED;
}

// The photo of a crop, with its box.
function showPhoto(figure, row) {
  const source = items.photo ? photoOf(row) : null;
  figure.hidden = !source || isWhole(row);
  if (figure.hidden) {
    return;
  }
  const box = make("span", { className: "box" });
  const [x, y, width, height] = items.box[row].map((share) => `${100 * share}%`);
  Object.assign(box.style, { left: x, top: y, width, height });
  const photo = make("span", { className: "photo" }, make("img", { src: source, alt: "" }), box);
  find(".picture", figure).replaceChildren(photo);
  find("figcaption", figure).textContent = `In ${items.name[row]}`;
}

function isWhole(row) {
  return !items.box || items.box[row].join() === "0,0,1,1";
}

function describeBox(row) {
  const [x, y, width, height] = items.box[row].map((share) => inPercent(share, 1, 1));
  return `left ${x}, top ${y}, width ${width}, height ${height} of the photo`;
}

function describeRank(row) {
  return items.rank[row] >= 0 ? `${count(items.rank[row] + 1)} of ${count(picks.length)}` : "";
}

function describe(row) {
  return [
    ["Path", pathOf(row)],
    ["Taken", describeTime(items.captured[row]) || "not known"],
    [cameraHead, cameraNames[items.camera[row]]],
    ["Event", items.event[row] < 0 ? "" : count(items.event[row] + 1)],
    ["Bucket", items.buckets[items.bucket[row]]],
    ["Bucket code", items.bucketBits[items.bucket[row]]],
    ["Group", items.group.length ? groupNames[items.group[row]] : ""],
    ["Quality", items.words[items.word[row]] ?? ""],
    ...["category", "label", "confidence"].map((name) =>
      [name[0].toUpperCase() + name.slice(1), String(items[name]?.[row] ?? "")]),
    ["Box", isWhole(row) ? "" : describeBox(row)],
    ["Size", `${count(items.width[row])} × ${count(items.height[row])} pixels`],
    ["Mean colour", colourOf(row)],
    ["Rank", describeRank(row)],
    ["Taken as", items.reason[row]],
  ];
}

// Facts that stand out where they differ.
const TOLD_APART = new Set(["Taken", cameraHead, "Event", "Bucket", "Group", "Quality", "Category", "Label", "Size"]);

function showFacts() {
  const { pick, other } = shown;
  const columns = other >= 0 ? [pick, other] : [pick];
  const [first, second] = columns.map(describe);
  for (const [name, row] of [["own", pick], ["other", other]]) {
    const cell = find(`.facts .${name}`, details);
    cell.textContent = row < 0 ? "" : nameState(row);
    cell.hidden = row < 0;
  }
  find(".facts tbody", details).replaceChildren(...first.flatMap(([term, value], place) => {
    const values = second ? [value, second[place][1]] : [value];
    return values.some(Boolean)
      ? [make("tr", { className: TOLD_APART.has(term) && second && values[0] !== values[1] ? "differs" : "" },
        make("th", { scope: "row" }, term), ...values.map((text, column) => makeFact(term, text, linkOf(columns[column]))))]
      : [];
  }));
}

function makeFact(term, text, link) {
  const cell = make("td", {}, text);
  if (term === "Path" && link) {
    cell.replaceChildren(make("a", { href: link, target: "_blank", rel: "noopener" }, text));
  }
  if (term === "Mean colour") {
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = text;
    cell.prepend(swatch);
  }
  return cell;
}

function step(distance) {
  const row = shown.among[shown.among.indexOf(shown.row) + distance];
  if (row !== undefined) {
    showDetails(row, shown.among);
  }
}

// The next of the images that the pick stands for.
function stepOther(distance) {
  const tiles = findAll(".stands .strip .tile", details);
  const tile = tiles[tiles.findIndex((each) => each.ariaPressed === "true") + distance];
  if (tile) {
    compareWith(Number(tile.dataset.row));
    tile.scrollIntoView({ block: "nearest" });
  }
}

function compareWith(row) {
  shown.other = row;
  showPair();
}

const ACTS = {
  close: () => details.close(),
  previous: () => step(-1),
  next: () => step(1),
  copy: () => copyText(pathOf(shown.row), find("h2", details), find(".said", details)),
  more: () => {
    shown.nStrip *= 4;
    showStrip();
    showPair();
  },
};

details.addEventListener("click", (event) => {
  ACTS[event.target.dataset.act]?.();
  const tile = event.target.closest(".tile");
  if (tile) {
    compareWith(Number(tile.dataset.row));
  }
  if (event.target === details) { // beside it
    details.close();
  }
});
details.addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), k: () => step(-1), j: () => step(1),
    ArrowUp: () => stepOther(-1), ArrowDown: () => stepOther(1) };
  if (moves[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    moves[event.key]();
  }
});

// The browser gives the focus back to what opened the details; they may have gone on since then.
details.addEventListener("close", () => {
  const opener = document.activeElement;
  if (opener.closest("#pick-grid")) {
    const place = shownPicks.rows.indexOf(shown.row);
    if (place >= 0) {
      shownPicks.enter(place);
      shownPicks.focus();
    }
  } else if (opener.closest("#list")) {
    imageList.reveal(shown.row);
    find(`#list [data-row="${shown.row}"] button`)?.focus();
  }
});
