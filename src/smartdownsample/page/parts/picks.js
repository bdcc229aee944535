const pickOrder = find("#pick-order");
const shownPicks = new Grid(find("#pick-grid"), (row) => {
  const n = membersOf(row).length + 1;
  return { note: n > 1 ? `×${count(n)}` : "", told: `stands for ${pluralize(n, noun)}` };
});

// The names of what picks can be put together by.
const PART_NAMES = {
  camera: (number) => cameraNames[number],
  bucket: (number) => items.buckets[number],
  group: (number) => groupNames[number] || NO_NAME,
  event: (number, rows) => `Event ${count(number + 1)}, ${describeTime(items.captured[rows[0]])}`,
};

function arrangePicks(rows, order) {
  if (order === "row") {
    return [{ rows }];
  }
  if (order === "standsFor") {
    return [{ rows: rows.slice().sort((a, b) => membersOf(b).length - membersOf(a).length || a - b) }];
  }
  const parts = new Map();
  for (const row of rows) {
    const number = items[order][row];
    addTo(parts, number, row);
  }
  return [...parts].sort(([a], [b]) => a - b)
    .map(([number, own]) => ({ title: PART_NAMES[order](number, own), rows: own }));
}

function showPicks(rows) {
  const own = rows.filter((row) => items.state[row] === KEPT);
  shownPicks.show(arrangePicks(own, pickOrder.value));
  find("#picks").textContent = own.length ? pluralize(own.length, "pick") : "No picks";
  find("#picks-printed").textContent = own.length > MAX_PRINTED
    ? `${count(MAX_PRINTED)} of ${pluralize(own.length, "pick")} printed.` : "";
  const nLost = own.filter(isLost).length;
  const nAbsent = own.filter((row) => !thumbnailOf(row)).length - nLost;
  find("#picks-absent").textContent = [
    [nAbsent, "the page has no room for more pictures"],
    [nLost, "the files could not be read any more when the page was made"],
  ].filter(([n]) => n)
    .map(([n, why]) => `${pluralize(n, "pick is", "picks are")} shown by mean colour: ${why}.`).join(" ");
}

pickOrder.addEventListener("change", () => showPicks(matching));
onFilter(sectionOf("picks"), showPicks);

// The first key leads to the picks, from wherever the page is.
document.addEventListener("keydown", (event) => {
  if (["j", "k"].includes(event.key) && event.target === document.body) {
    shownPicks.focus();
  }
});
