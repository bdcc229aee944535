// Cameras in figures: a line for each that has images which match, or unreadable ones.

class CameraTable {
  constructor(root) {
    this.root = root;
    this.columns = findAll("thead [data-fact]", root).map((cell) => [cell.dataset.fact, cell.className]);
    this.pager = new Pager(root, ([camera, facts]) => this.makeRow(camera, facts));
    const fold = root.closest("details");
    fold?.addEventListener("toggle", () => this.show());
    this.isOpen = () => fold?.open ?? true;
    onFilter(root.closest("section"), () => this.show());
  }

  show() {
    if (!this.isOpen()) {
      return;
    }
    const factsOf = new Map();
    const of = (camera) => {
      if (!factsOf.has(camera)) {
        factsOf.set(camera, { days: new Set(), n: 0, untimed: 0, night: 0, empty: 0, kept: 0, unreadable: 0 });
      }
      return factsOf.get(camera);
    };
    for (const row of matching) {
      const facts = of(items.camera[row]);
      if (items.captured[row] === null) {
        facts.untimed += 1;
      } else {
        facts.days.add(dayOf(items.captured[row]));
      }
      facts.n += 1;
      facts.night += items.isNight[row];
      facts.empty += items.isEmpty[row];
      facts.kept += items.state[row] === KEPT ? 1 : 0;
    }
    for (const place of findFailures().filter((each) => items.failureCamera[each] >= 0)) {
      of(items.failureCamera[place]).unreadable += 1;
    }
    this.pager.show([...factsOf].sort(([a], [b]) => a - b));
  }

  makeRow(camera, { days, ...facts }) {
    const [first, last] = [...days].reduce(([a, b], day) => [Math.min(a, day), Math.max(b, day)], [Infinity, -Infinity]);
    const texts = days.size
      ? { first: describeDay(first), last: describeDay(last), without: count(last - first + 1 - days.size) }
      : { first: "not known", last: "not known", without: "" };
    return make("tr", {}, make("th", { scope: "row", title: items.cameras[camera] }, cameraNames[camera]),
      ...this.columns.map(([name, className]) => make("td", { className }, texts[name] ?? count(facts[name]))));
  }
}

new CameraTable(find("#camera-table"));
