// The map of looks: matching images as points on a canvas, kept ones above the others, and photos of
// some of these where there is room.

const MAX_POINTS = 20_000; // of images that are not kept
const REACH = 16; // from the pointer to a point, in pixels
const POINT_SIDE = 3;
const MAX_OPAQUE = 4000; // points; more shine through one another
const DISC_RADIUS = 3.5;
const MOST_STRETCHED = 2; // one axis against the other
const PHOTO_SHAPE = 3 / 4; // height by width, as the style has it
const PHOTO_GAP = 6;
const PHOTO_LIFT = 7; // above its point
const HINT_GAP = 14;
const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class LooksMap {
  constructor(root) {
    this.root = root;
    this.plot = find(".plot", root);
    this.canvas = find("canvas", root);
    this.photos = find(".photos", root);
    this.ring = find(".ring", root);
    this.hint = find(".hint", root);
    this.told = find("output", root);
    this.pointed = null;
    root.hidden = false;
    [this.across, this.up] = [items.across, items.up].map((steps) => steps.reduce((a, b) => Math.max(a, b), 1));
    this.listen();
  }

  listen() {
    const redraw = () => this.draw();
    new ResizeObserver(() => {
      if (this.canvas.clientWidth !== this.drawnWidth) {
        this.draw();
      }
    }).observe(this.plot);
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    systemTheme.addEventListener("change", redraw);
    PRINTING.addEventListener("change", redraw);
    this.plot.addEventListener("pointermove", (event) => this.point(this.findNear(event)));
    for (const name of ["pointerleave", "blur"]) {
      this.plot.addEventListener(name, () => this.point(null));
    }
    this.plot.addEventListener("click", (event) => this.open(this.findNear(event)));
    this.plot.addEventListener("keydown", (event) => this.pressKey(event));
  }

  show(rows) {
    const others = rows.filter((row) => items.state[row] === EXCLUDED);
    const step = Math.ceil(others.length / MAX_POINTS);
    this.others = step > 1 ? others.filter((_, place) => place % step === 0) : others;
    this.chosen = rows.filter((row) => items.state[row] !== EXCLUDED);
    find(".drawn", this.root).textContent = step > 1
      ? ` (${count(this.others.length)} of ${count(others.length)} drawn)` : "";
    this.draw();
    this.point(null);
  }

  // ------------------------------------------------------------ drawing

  // Where a row's point is, in pixels from the left and from above.
  placeOf(row) {
    return [this.left + items.across[row] * this.scaleAcross, this.bottom - items.up[row] * this.scaleUp];
  }

  draw() {
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    this.drawnWidth = width;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    this.photoWidth = Math.max(width / 16, 40);
    const [across, up] = [(width - 1.25 * this.photoWidth) / this.across, (height - 1.2 * this.photoWidth) / this.up];
    this.scaleAcross = Math.min(across, up * MOST_STRETCHED);
    this.scaleUp = Math.min(up, across * MOST_STRETCHED);
    this.left = (width - this.across * this.scaleAcross) / 2;
    this.bottom = (height + this.up * this.scaleUp + 0.6 * this.photoWidth) / 2;
    const context = canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    const colours = getComputedStyle(canvas);
    context.fillStyle = colours.color;
    context.globalAlpha = Math.min(Math.max(Math.sqrt(MAX_OPAQUE / this.others.length), 0.3), 1);
    for (const row of this.others) {
      const [x, y] = this.placeOf(row);
      context.fillRect(x - POINT_SIDE / 2, y - POINT_SIDE / 2, POINT_SIDE, POINT_SIDE);
    }
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    const paint = this.mixPaint();
    context.strokeStyle = colours.backgroundColor;
    for (const row of this.chosen) {
      context.fillStyle = paint[classOf(row)];
      context.beginPath();
      context.arc(...this.placeOf(row), DISC_RADIUS, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
    this.placePhotos();
  }

  // The colours of discs, by the classes of the legend.
  mixPaint() {
    return Object.fromEntries(findAll(".legend li", this.root).map((entry) =>
      [entry.className, getComputedStyle(entry, "::before").backgroundColor]));
  }

  // Shows photos of chosen images above their points, where they do not cover one another.
  placePhotos() {
    const [width, height] = [this.photoWidth + PHOTO_GAP, PHOTO_SHAPE * this.photoWidth + PHOTO_GAP];
    this.placed = [];
    const photos = [];
    for (const row of this.chosen) {
      const [x, y] = this.placeOf(row);
      const hasRoom = this.placed.every((other) => Math.abs(x - other.x) > width || Math.abs(y - other.y) > height);
      const source = hasRoom && thumbnailOf(row);
      if (source) {
        const photo = make("img", { src: source, alt: "", className: classOf(row) });
        Object.assign(photo.style, { left: `${x}px`, top: `${y - PHOTO_LIFT}px`, width: `${this.photoWidth}px` });
        photos.push(photo);
        this.placed.push({ row, x, y });
      }
    }
    this.photos.replaceChildren(...photos);
  }

  // ----------------------------------------------------------- choosing

  // The row of the photo under the pointer, else of the nearest point, kept ones first; null if none is near.
  findNear(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [width, height] = [this.photoWidth, PHOTO_SHAPE * this.photoWidth];
    const photo = this.placed.find((each) => Math.abs(x - each.x) < width / 2
      && y < each.y - PHOTO_LIFT && y > each.y - PHOTO_LIFT - height);
    const distanceTo = (row) => Math.hypot(this.placeOf(row)[0] - x, this.placeOf(row)[1] - y);
    const isNear = (row, reach) => row !== null && distanceTo(row) <= reach;
    const [chosen, other] = [this.chosen, this.others].map((rows) => findLeast(rows, distanceTo));
    return photo?.row ?? (isNear(chosen, REACH / 2) ? chosen : isNear(other, REACH) ? other : null);
  }

  point(row) {
    this.pointed = row;
    this.ring.hidden = row === null;
    this.hint.hidden = row === null;
    this.told.textContent = row === null ? "" : `${nameItem(row)}, ${nameState(row).toLowerCase()}`;
    if (row !== null) {
      const [x, y] = this.placeOf(row);
      Object.assign(this.ring.style, { left: `${x}px`, top: `${y}px` });
      this.showHint(row, x, y);
    }
  }

  open(row) {
    if (row !== null) {
      showDetails(row);
    }
  }

  // Shows what is pointed at beside its point.
  showHint(row, x, y) {
    const source = thumbnailOf(row);
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = colourOf(row);
    this.hint.replaceChildren(source ? make("img", { src: source, alt: "" }) : swatch, make("b", {}, nameItem(row)),
      make("span", { className: `state ${classOf(row)}` }, nameState(row)));
    const [width, height] = [this.hint.offsetWidth, this.hint.offsetHeight];
    const { clientWidth, clientHeight } = this.canvas;
    const left = x + HINT_GAP + width > clientWidth ? x - HINT_GAP - width : x + HINT_GAP;
    this.hint.style.left = `${Math.max(left, 0)}px`;
    this.hint.style.top = `${Math.max(Math.min(y - height / 2, clientHeight - height), 0)}px`;
  }

  // Arrow keys lead to the nearest image in their direction; among kept ones, where there are any.
  pressKey(event) {
    const direction = DIRECTIONS[event.key];
    if (event.key === "Enter") {
      event.preventDefault(); // it would press the button of the details that has the focus then
      this.open(this.pointed);
    } else if (event.key === "Escape") {
      this.point(null);
    } else if (direction && !(event.ctrlKey || event.altKey || event.metaKey)) {
      event.preventDefault();
      this.point(this.findNext(direction) ?? this.pointed);
    }
  }

  findNext([right, down]) {
    const rows = this.chosen.length ? this.chosen : this.others;
    if (this.pointed === null) {
      const [x, y] = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
      return findLeast(rows, (row) => Math.hypot(this.placeOf(row)[0] - x, this.placeOf(row)[1] - y));
    }
    const [x, y] = this.placeOf(this.pointed);
    const cost = (row) => {
      const [dx, dy] = [this.placeOf(row)[0] - x, this.placeOf(row)[1] - y];
      const [ahead, aside] = [dx * right + dy * down, Math.abs(dx * down) + Math.abs(dy * right)];
      return ahead > 0 && aside <= ahead ? ahead + aside : Infinity;
    };
    const next = findLeast(rows, cost);
    return next !== null && cost(next) < Infinity ? next : null;
  }
}

// The row for which a function is least; null without rows.
function findLeast(rows, measure) {
  let [least, found] = [Infinity, null];
  for (const row of rows) {
    const value = measure(row);
    if (value < least) {
      [least, found] = [value, row];
    }
  }
  return found;
}

if (items.across) {
  showFiltered(sectionOf("map"), () => new LooksMap(find("#looks-plot")));
}
