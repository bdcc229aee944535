// The timeline in figures: a line for each camera, of the images that match and whose time is known.

class CameraTable {
  constructor(root) {
    this.root = root;
    this.pager = new Pager(root, ([camera, facts]) => this.makeRow(camera, facts));
    root.closest("details").addEventListener("toggle", () => this.show());
    onFilter(sectionOf("timeline"), () => this.show());
  }

  show() {
    if (!this.root.closest("details").open) {
      return;
    }
    const factsOf = new Map();
    for (const row of matching) {
      if (items.period[row] >= 0) {
        const camera = items.camera[row];
        if (!factsOf.has(camera)) {
          factsOf.set(camera, { days: new Set(), n: 0, night: 0, empty: 0, kept: 0 });
        }
        const facts = factsOf.get(camera);
        facts.days.add(dayOf(items.captured[row]));
        facts.n += 1;
        facts.night += items.isNight[row];
        facts.empty += items.isEmpty[row];
        facts.kept += items.state[row] === KEPT ? 1 : 0;
      }
    }
    this.pager.show([...factsOf].sort(([a], [b]) => a - b));
  }

  makeRow(camera, { days, n, night, empty, kept }) {
    const [first, last] = [...days].reduce(([a, b], day) => [Math.min(a, day), Math.max(b, day)], [Infinity, -Infinity]);
    const cell = (text, className) => make("td", { className }, text);
    const number = (value, isSpare) => cell(count(value), isSpare ? "number spare" : "number");
    return make("tr", {}, make("th", { scope: "row", title: items.cameras[camera] }, cameraNames[camera]),
      cell(describeDay(first), "spare"), cell(describeDay(last), "spare"), number(last - first + 1 - days.size, true),
      number(n), number(night, true), number(empty, true), number(kept));
  }
}

if (items.periods.length) {
  new CameraTable(find("#timeline-table"));
}
