// Tiles: small pictures that lead to the details, on a grid that has only those in sight.

const TILE_GAP = 12;
const CAPTION_HEIGHT = 26;
const HEADING_HEIGHT = 40;
const MIN_TILE_WIDTH = 148;
// Higher grids scroll by themselves, so that what follows stays in reach.
const MAX_FULL_HEIGHT = 1_500;
// Tiles on paper: the first page has as many, below the summary.
const MAX_PRINTED = 60;
const PRINTED_COLUMNS = { min: 4, max: 8 };
const PRINTING = matchMedia("print");

// The usual shape of the picks, so that frames leave little beside the pictures.
const TILE_ASPECT = (() => {
  const some = picks.length ? picks : Int32Array.from(items.name.keys());
  const shapes = Array.from(some, (row) => items.width[row] / items.height[row]).sort((a, b) => a - b);
  return Math.min(Math.max(shapes[shapes.length >> 1] || 4 / 3, 0.75), 16 / 9);
})();

document.documentElement.style.setProperty("--aspect", TILE_ASPECT);

function makePicture(row) {
  const source = thumbnailOf(row);
  if (source) {
    return make("img", { src: source, alt: "", decoding: "async" });
  }
  const swatch = make("span", { className: "colour" });
  swatch.style.background = colourOf(row);
  return swatch;
}

// `note` stands beside the name, such as how many images a pick stands for, and `told` is what it means.
function makeTile(row, { note = "", told = "", hasName = true } = {}) {
  const tile = make("button", { type: "button", className: `tile ${classOf(row)}`,
    title: nameItem(row, pathOf(row)), ariaLabel: [nameItem(row), told].filter(Boolean).join(", ") },
  make("span", { className: "frame" }, makePicture(row)),
  make("span", { className: "caption" }, ...(hasName ? [makeCutText("name", items.name[row])] : []),
    ...(note ? [make("span", { className: "note" }, note)] : [])));
  tile.dataset.row = row;
  return tile;
}

class Grid {
  // `describe` gives the note of each row's tile.
  constructor(root, describe) {
    this.root = root;
    this.describe = describe;
    this.canvas = make("div", { className: "canvas" });
    this.root.append(this.canvas);
    this.active = 0;
    this.parts = [];
    root.addEventListener("scroll", () => this.render(), { passive: true });
    root.addEventListener("keydown", (event) => this.move(event));
    new ResizeObserver(() => this.layOut()).observe(root);
    PRINTING.addEventListener("change", () => this.render());
  }

  // Shows parts, each with a title (or none) and rows.
  show(parts) {
    this.parts = parts;
    this.rows = parts.flatMap((part) => [...part.rows]);
    this.active = 0;
    const columns = Math.ceil(Math.sqrt(Math.min(this.rows.length, MAX_PRINTED)));
    this.root.style.setProperty("--printed-columns",
      Math.min(Math.max(columns, PRINTED_COLUMNS.min), PRINTED_COLUMNS.max));
    this.root.scrollTop = 0;
    this.width = 0;
    this.layOut();
  }

  layOut() {
    const width = this.root.clientWidth;
    if (!width || width === this.width) {
      return;
    }
    this.width = width;
    this.columns = Math.max(Math.floor((width + TILE_GAP) / (MIN_TILE_WIDTH + TILE_GAP)), 2);
    const height = Math.round((width - (this.columns - 1) * TILE_GAP) / this.columns / TILE_ASPECT)
      + CAPTION_HEIGHT + TILE_GAP;
    this.lines = [];
    this.top = 0;
    let place = 0;
    for (const { title, rows } of this.parts) {
      if (title) {
        this.addLine(HEADING_HEIGHT, { title, n: rows.length, place, length: 0 });
      }
      for (let start = 0; start < rows.length; start += this.columns) {
        const length = Math.min(this.columns, rows.length - start);
        this.addLine(height, { place: place + start, length });
      }
      place += rows.length;
    }
    this.canvas.style.height = `${this.top}px`;
    this.root.classList.toggle("scrolls", this.top > MAX_FULL_HEIGHT);
    this.drawn = new Map();
    this.canvas.replaceChildren();
    this.render();
  }

  addLine(height, line) {
    this.lines.push({ ...line, top: this.top, bottom: this.top + height });
    this.top += height;
  }

  lineOf(place) {
    return this.lines.findIndex((line) => line.length && place < line.place + line.length);
  }

  // Draws the lines in sight, and that of the tile which the tab key enters.
  render() {
    if (!this.lines) {
      return;
    }
    const above = this.root.scrollTop - this.root.clientHeight;
    const below = this.root.scrollTop + 2 * this.root.clientHeight;
    const wanted = new Set([this.lineOf(this.active)]);
    for (let i = 0; PRINTING.matches && i < this.lines.length && this.lines[i].place < MAX_PRINTED; i += 1) {
      wanted.add(i);
    }
    for (let i = this.findLine(above); i < this.lines.length && this.lines[i].top < below; i += 1) {
      wanted.add(i);
    }
    for (const [i, element] of this.drawn) {
      if (!wanted.has(i)) {
        element.remove();
        this.drawn.delete(i);
      }
    }
    for (const i of [...wanted].sort((a, b) => a - b)) {
      if (i >= 0 && !this.drawn.has(i)) {
        this.draw(i);
      }
    }
  }

  // The first line that ends below a height.
  findLine(height) {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      [low, high] = this.lines[middle].bottom <= height ? [middle + 1, high] : [low, middle];
    }
    return low;
  }

  draw(i) {
    const { title, n, place, length, top } = this.lines[i];
    const element = title
      ? make("h3", { className: place < MAX_PRINTED ? "line" : "line screen" }, title, make("span", {}, count(n)))
      : make("div", { className: "line tiles" }, ...Array.from({ length }, (_, column) => this.makeTile(place + column)));
    element.style.top = `${top}px`;
    element.style.setProperty("--columns", this.columns);
    this.drawn.set(i, element);
    // In the order of the lines, which is that of the tab key and of screen readers.
    const after = [...this.drawn.keys()].filter((other) => other > i).sort((a, b) => a - b)[0];
    this.canvas.insertBefore(element, this.drawn.get(after) ?? null);
  }

  makeTile(place) {
    const row = this.rows[place];
    const tile = makeTile(row, this.describe(row));
    tile.dataset.place = place;
    tile.classList.toggle("screen", place >= MAX_PRINTED);
    tile.tabIndex = place === this.active ? 0 : -1;
    return tile;
  }

  move(event) {
    const tile = event.target.closest(".tile");
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const place = Number(tile.dataset.place);
    const goal = { ArrowRight: place + 1, ArrowLeft: place - 1, j: place + 1, k: place - 1,
      ArrowDown: this.beside(place, 1), ArrowUp: this.beside(place, -1), Home: 0,
      End: this.rows.length - 1 }[event.key];
    if (goal >= 0 && goal < this.rows.length) {
      event.preventDefault();
      this.enter(goal);
      this.tileAt(goal).focus();
    }
  }

  // The place one line of tiles further down or up.
  beside(place, step) {
    const own = this.lineOf(place);
    let i = own + step;
    while (this.lines[i] && !this.lines[i].length) {
      i += step;
    }
    const line = this.lines[i];
    return line ? line.place + Math.min(place - this.lines[own].place, line.length - 1) : -1;
  }

  tileAt(place) {
    return find(`[data-place="${place}"]`, this.canvas);
  }

  focus() {
    this.tileAt(this.active)?.focus();
  }

  // Makes a tile the one that the tab key enters, and brings it into sight.
  enter(place) {
    const line = this.lines[this.lineOf(place)];
    if (line.top < this.root.scrollTop) {
      this.root.scrollTop = line.top;
    } else if (line.bottom > this.root.scrollTop + this.root.clientHeight) {
      this.root.scrollTop = line.bottom - this.root.clientHeight;
    }
    const before = this.tileAt(this.active);
    this.active = place;
    this.render();
    if (before) {
      before.tabIndex = -1;
    }
    this.tileAt(place).tabIndex = 0;
  }
}

document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-row]");
  if (item && !item.closest("dialog")) {
    showDetails(Number(item.dataset.row));
  }
});
