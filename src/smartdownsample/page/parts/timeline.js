// The timeline: a lane for each camera with a bar for each period, by day upwards, by night downwards.
// Across a lane, lengths are in percent of it; along it, see periods.js.

const MAX_LANES = 300;
const MAX_SHOWN_LANES = 26; // others are scrolled to
const MAX_TICKS = { wide: 12, narrow: 4 };
const BAR_LENGTH = 0.86;
const SHORTEST_PART = 4;
const LEAST_LENGTH = 16; // so that a few bars are not as wide as the page
const WHOLE_LANE = -1; // instead of a period
const KEYS = ["Enter", " ", "Escape", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

class Timeline {
  constructor(root) {
    this.root = root;
    this.plot = find(".plot", root);
    this.marker = find(".marker", root);
    this.told = find("output", root);
    this.reset = find(".told button", root);
    this.starts = placePeriods();
    this.length = Math.max(this.starts.at(-1) + 1, LEAST_LENGTH);
    this.last = this.starts.length - 1;
    this.middle = items.isNight.includes(1) ? 50 : 100 - SHORTEST_PART;
    this.cameras = this.chooseCameras();
    this.everything = this.tally(items.period.keys());
    this.mostOfAll = this.findMost(0, 1);
    this.mostOfCameras = this.findMost(1, this.cameras.length) || this.mostOfAll;
    this.pointed = null; // a lane and two of its periods, or WHOLE_LANE twice
    root.hidden = false;
    root.style.setProperty("--lane-height", `${Math.min(Math.max(24 / this.cameras.length, 2), 7)}rem`);
    root.classList.toggle("scrolls", this.cameras.length > MAX_SHOWN_LANES);
    this.drawAxis();
    this.drawScale();
    this.lanes = this.cameras.map((_, lane) => this.makeLane(lane));
    find(".lanes", root).append(...this.lanes.map((lane) => lane.root));
    this.listen();
  }

  // The camera of each lane: null for all of them, then those with the most images.
  chooseCameras() {
    const sizes = items.cameras.map(() => 0);
    for (const [row, period] of items.period.entries()) {
      sizes[items.camera[row]] += period < 0 ? 0 : 1;
    }
    const cameras = [...sizes.keys()].filter((camera) => sizes[camera])
      .sort((a, b) => sizes[b] - sizes[a]).slice(0, MAX_LANES).sort((a, b) => a - b);
    const nLeftOut = sizes.filter((size) => size).length - cameras.length;
    const more = find(".more", this.root);
    more.hidden = !nLeftOut;
    more.textContent = `The lanes are of the ${MAX_LANES} ${cameraWord}s with the most ${nouns}; the table has ${count(nLeftOut)} more.`;
    return cameras.length > 1 ? [null, ...cameras] : [null];
  }

  tally(rows) {
    const laneOfCamera = items.cameras.map((_, camera) => Math.max(this.cameras.indexOf(camera), 0));
    return new Tally(laneOfCamera, this.cameras.length).add(rows);
  }

  // The most images that one bar of some lanes has.
  findMost(first, end) {
    let most = 0;
    for (let lane = first; lane < end; lane += 1) {
      for (const period of this.starts.keys()) {
        for (const night of [0, 1]) {
          most = Math.max(most, this.everything.at(lane, period, night).reduce((a, b) => a + b));
        }
      }
    }
    return most;
  }

  nameLane(lane) {
    const camera = this.cameras[lane];
    if (camera !== null) {
      return cameraNames[camera];
    }
    return items.cameras.length > 1 ? `All ${cameraWord}s` : cameraNames[0];
  }

  // ------------------------------------------------------------ drawing

  // The length of a bar: the cube root of its number, so that few images are seen beside many.
  scaleCount(n, most) {
    return Math.cbrt(n / most) * (this.middle - SHORTEST_PART);
  }

  shareOf(length) {
    return `${(100 * length) / this.length}%`;
  }

  drawAxis() {
    const axis = find(".axis", this.root);
    for (const [width, most] of Object.entries(MAX_TICKS)) {
      const ticks = chooseTicks(this.starts, this.length, most).map(({ period, label, year }) => {
        const tick = make("span", {}, String(label), make("small", {}, String(year)));
        tick.style.left = this.shareOf(this.starts[period]);
        return tick;
      });
      axis.append(make("div", { className: width }, ...ticks));
    }
    for (const [period, start] of this.starts.entries()) {
      const days = daysLeftOut(period);
      if (days) {
        const pause = make("i", { title: `${describePause(days)} without any ${nouns}` });
        pause.style.left = this.shareOf(start - (PAUSE_LENGTH + 1 - BAR_LENGTH) / 2);
        axis.append(pause);
      }
    }
  }

  // Bars of round numbers, beside the legend.
  drawScale() {
    const scale = find(".scale", this.root);
    for (let n = 1; n <= this.mostOfCameras; n *= 10) {
      const bar = make("i");
      bar.style.setProperty("--length", this.scaleCount(n, this.mostOfCameras) / 100);
      scale.append(bar, count(n));
    }
    scale.append(` a ${items.periodUnit}`);
  }

  makeLane(lane) {
    const root = find("template", this.root).content.firstElementChild.cloneNode(true);
    root.dataset.lane = lane;
    find(".camera", root).title = items.cameras[this.cameras[lane]] ?? this.nameLane(lane);
    const hasOwnScale = this.cameras[lane] === null && this.cameras.length > 1;
    find("bdi", root).textContent = `${this.nameLane(lane)}${hasOwnScale ? " (own scale)" : ""}`;
    const drawing = find("svg", root);
    drawing.setAttribute("viewBox", `0 0 ${this.length} 100`);
    find(".rule", root).setAttribute("d", this.outlineRule(lane));
    const [all] = this.outlineBars(lane, this.everything, (layers) => [layers.reduce((a, b) => a + b)]);
    find(".all", root).setAttribute("d", all);
    return { root, drawing, counts: find("small", root), paths: LAYERS.map((name) => find(`path.${name}`, root)) };
  }

  // From the first to the last image, but not through pauses.
  outlineRule(lane) {
    const used = [...this.starts.keys()].filter((period) => this.everything.sum(lane, period, period).n);
    return this.starts.slice(used[0], used.at(-1) + 1).map((start, place) => {
      const begin = place && !daysLeftOut(used[0] + place) ? start - 1 + BAR_LENGTH : start;
      return `M${begin} ${this.middle}H${start + BAR_LENGTH}`;
    }).join("");
  }

  // The outlines of the parts of all bars of a lane; `divide` takes the counts of layers to parts.
  outlineBars(lane, tally, divide) {
    const most = lane ? this.mostOfCameras : this.mostOfAll;
    const outlines = [];
    for (const [period, start] of this.starts.entries()) {
      for (const night of [0, 1]) {
        const parts = divide(tally.at(lane, period, night));
        const n = parts.reduce((a, b) => a + b);
        const scale = n ? this.scaleCount(n, most) / n : 0;
        let end = 0;
        for (const [part, size] of parts.entries()) {
          outlines[part] ??= "";
          if (size) {
            const length = Math.max(size * scale, SHORTEST_PART);
            const edge = night ? this.middle + end : this.middle - end - length;
            outlines[part] += `M${start} ${edge}h${BAR_LENGTH}v${length}h${-BAR_LENGTH}z`;
            end += length;
          }
        }
      }
    }
    return outlines;
  }

  // Draws the images that match before all of them.
  show(rows) {
    this.root.classList.toggle("filtered", rows.length < nItems);
    this.matching = this.tally(rows);
    for (const [lane, { counts, paths, root }] of this.lanes.entries()) {
      const outlines = this.outlineBars(lane, this.matching, (layers) => [...layers]);
      for (const [layer, path] of paths.entries()) {
        path.setAttribute("d", outlines[layer]);
      }
      const { layers, n } = this.matching.sum(lane);
      counts.textContent = `${count(layers[0])} of ${count(n)}`;
      root.classList.toggle("none", !n);
    }
    this.tell();
  }

  // ----------------------------------------------------------- choosing

  listen() {
    this.plot.addEventListener("pointerdown", (event) => {
      const place = this.locate(event);
      if (place && event.button === 0) {
        this.dragged = place;
        this.point(place.lane, place.period);
      }
    });
    this.plot.addEventListener("pointermove", (event) => {
      const place = this.locate(event);
      if (place && this.dragged && event.pointerType === "mouse") {
        this.point(this.dragged.lane, this.dragged.period, place.period);
      } else if (place && !this.dragged) {
        this.point(place.lane, place.period);
      }
    });
    this.plot.addEventListener("pointerup", () => {
      if (this.dragged) {
        this.choose();
      }
      this.dragged = null;
    });
    for (const name of ["pointerleave", "pointercancel", "blur"]) {
      this.plot.addEventListener(name, () => {
        this.dragged = null;
        this.point(null);
      });
    }
    this.plot.addEventListener("keydown", (event) => this.pressKey(event));
    this.reset.addEventListener("click", () => this.clear());
  }

  // The lane and the period at a place of the screen.
  locate(event) {
    const root = event.target.closest(".lane");
    if (!root) {
      return null;
    }
    const lane = Number(root.dataset.lane);
    const box = this.lanes[lane].drawing.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * this.length;
    if (event.target.closest(".camera") || at < 0) {
      return { lane, period: WHOLE_LANE };
    }
    return { lane, period: Math.max(this.starts.findLastIndex((start) => start <= at), 0) };
  }

  point(lane, first = WHOLE_LANE, last = first) {
    const isWhole = first === WHOLE_LANE || last === WHOLE_LANE;
    this.pointed = lane === null ? null
      : { lane, first, last, ends: isWhole ? [0, this.last] : [Math.min(first, last), Math.max(first, last)], isWhole };
    this.mark();
    this.tell();
  }

  mark() {
    this.marker.hidden = !this.pointed;
    if (this.pointed) {
      const { lane, ends: [first, last] } = this.pointed;
      const outer = this.plot.getBoundingClientRect();
      const inner = this.lanes[lane].drawing.getBoundingClientRect();
      const width = inner.width / this.length;
      Object.assign(this.marker.style, {
        left: `${inner.left - outer.left + this.plot.scrollLeft + this.starts[first] * width}px`,
        top: `${inner.top - outer.top + this.plot.scrollTop}px`,
        width: `${(this.starts[last] + BAR_LENGTH - this.starts[first]) * width}px`,
        height: `${inner.height}px`,
      });
    }
  }

  // Says what is pointed at, else what is shown.
  tell() {
    const { camera, firstDay, lastDay } = filter;
    this.reset.hidden = camera === null && firstDay === null && lastDay === null;
    if (this.pointed) {
      const { lane, ends: [first, last] } = this.pointed;
      const days = describeDays(items.periods[first][0], items.periods[last][1]);
      this.told.textContent = `${this.nameLane(lane)}, ${days}: ${this.describe(this.matching.sum(lane, first, last))}`;
    } else {
      const chosen = [cameraNames[camera], describeDays(firstDay, lastDay)].filter(Boolean).join(", ");
      const hidden = this.cameras.length > MAX_SHOWN_LANES ? ` ${count(this.cameras.length - 1)} ${cameraWord}s, scroll for more.` : "";
      this.told.textContent = chosen ? `Only ${chosen}`
        : `Choose a bar or a ${cameraWord} to see only its ${nouns}; drag over bars for more of them.${hidden}`;
    }
  }

  describe({ layers: [kept, earlier, excluded, empty], n, nNight }) {
    if (!n) {
      return `no ${nouns}`;
    }
    const verb = isPair ? "selected" : "kept";
    const others = [[earlier, "selected before"], [excluded, `not ${verb}`], [empty, `empty and not ${verb}`]];
    const told = [[kept, verb], ...others.filter(([number]) => number)]
      .map(([number, name]) => `${count(number)} ${name}`);
    return `${pluralize(n, noun)}: ${told.join(", ")}${nNight ? `; ${count(nNight)} by night` : ""}`;
  }

  // Shows only what is pointed at; everything if that is so already.
  choose() {
    const { lane, ends: [first, last], isWhole } = this.pointed;
    if (!this.everything.sum(lane, first, last).n) {
      return;
    }
    const chosen = {
      camera: this.cameras[lane],
      firstDay: isWhole ? null : items.periods[first][0],
      lastDay: isWhole ? null : items.periods[last][1],
    };
    if (Object.entries(chosen).every(([name, value]) => filter[name] === value)) {
      this.clear();
    } else {
      setFilter(chosen);
    }
  }

  clear() {
    setFilter({ camera: null, firstDay: null, lastDay: null });
  }

  pressKey(event) {
    if (!KEYS.includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    if (event.key === "Escape") {
      this.clear();
    } else if (!this.pointed) {
      this.point(0, 0);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose();
    } else {
      const { lane, first, last } = this.pointed;
      const goal = { Home: WHOLE_LANE, End: this.last, ArrowLeft: last - 1, ArrowRight: last + 1 }[event.key] ?? last;
      const period = Math.min(Math.max(goal, WHOLE_LANE), this.last);
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
      const next = Math.min(Math.max(lane + step, 0), this.lanes.length - 1);
      this.point(next, event.shiftKey ? first : period, period);
      this.lanes[next].root.scrollIntoView({ block: "nearest" });
    }
  }
}

if (items.periods.length) {
  showFiltered(sectionOf("timeline"), () => new Timeline(find("#timeline-plot")));
}
