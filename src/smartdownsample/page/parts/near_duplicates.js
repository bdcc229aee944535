const MAX_NEAR_SHOWN = 12;

function makeNearRow({ pick, rows }) {
  const more = rows.length - MAX_NEAR_SHOWN;
  const tiles = rows.slice(0, MAX_NEAR_SHOWN).map((row) => makeTile(row, { note: sinceOf(row, pick, true) }));
  return make("tr", {},
    make("th", { scope: "row" }, makeTile(pick, { note: `×${count(membersOf(pick).length + 1)}` })),
    make("td", {}, make("div", { className: "strip" }, ...tiles,
      ...(more > 0 ? [make("span", { className: "more" }, `and ${count(more)} more`)] : []))));
}

const nearList = new Pager(find("#near-list"), makeNearRow, 8);

function showNearDuplicates(rows) {
  const groups = [];
  let nExcluded = 0;
  const near = new Map();
  for (const row of rows) {
    if (items.state[row] === EXCLUDED) {
      nExcluded += 1;
      if (items.isNearDuplicate[row]) {
        addTo(near, items.nearest[row], row);
      }
    }
  }
  for (const [pick, own] of near) {
    groups.push({ pick, rows: own });
  }
  groups.sort((a, b) => b.rows.length - a.rows.length || a.pick - b.pick);
  const n = groups.reduce((total, group) => total + group.rows.length, 0);
  find("#near-lead").textContent = `${count(n)} of ${count(nExcluded)} excluded ${nouns} are near-duplicates of the pick `
    + "that stands for them: no part of a grid of 4 × 4 has changed by more than 8 levels. An animal that "
    + "takes less than 2% of the picture may be missed.";
  find("#near-list").hidden = !n;
  nearList.show(groups);
}

onFilter(sectionOf("near-duplicates"), showNearDuplicates);
