const details = find("#details");
let shownRow = 0;

function showDetails(row) {
  shownRow = row;
  find("h2", details).textContent = nameItem(row);
  showPicture(find("#own"), row);
  showPhoto(find("#around"), row);
  const nearest = items.nearest[row];
  find("#nearest").hidden = nearest < 0;
  if (nearest >= 0) {
    showPicture(find("#nearest"), nearest);
    find("#nearest a").textContent = `Most like it: ${nameItem(nearest)}`;
  }
  find(".why", details).textContent = explain(row);
  find("dl", details).replaceChildren(...describe(row).flatMap(([term, ...description]) =>
    [make("dt", {}, term), make("dd", {}, ...description)]));
  const place = matching.indexOf(row);
  find("[data-act=previous]").disabled = place <= 0;
  find("[data-act=next]").disabled = place < 0 || place === matching.length - 1;
  find("output", details).textContent = "";
  if (!details.open) {
    details.showModal();
  }
}

// The data URI of an image's thumbnail; null for one without.
function thumbnailOf(row) {
  return find(`.thumbnail[data-row="${row}"] img`)?.src ?? null;
}

function showPicture(figure, row) {
  const source = thumbnailOf(row);
  const picture = find(".picture", figure);
  if (source) {
    picture.replaceChildren(make("img", { src: source, alt: paths[row] }));
  } else {
    picture.replaceChildren(make("span", {}, "No thumbnail on this page"));
  }
}

// The photo of a crop, with its box.
function showPhoto(figure, row) {
  if (!figure) {
    return;
  }
  const image = find(`#photos [data-photo="${items.photo[row]}"]`);
  figure.hidden = !image || isWhole(row);
  if (figure.hidden) {
    return;
  }
  const box = make("span", { className: "box" });
  const [x, y, width, height] = items.box[row].map((share) => `${100 * share}%`);
  Object.assign(box.style, { left: x, top: y, width, height });
  const photo = make("span", { className: "photo" }, make("img", { src: image.src, alt: "" }), box);
  find(".picture", figure).replaceChildren(photo);
  find("figcaption", figure).textContent = `In ${items.name[row]}`;
}

function isWhole(row) {
  return !items.box || items.box[row].join() === "0,0,1,1";
}

function describeBox(row) {
  const [x, y, width, height] = items.box[row].map((share) => `${(100 * share).toFixed(1)} %`);
  return `left ${x}, top ${y}, width ${width}, height ${height} of the photo`;
}

function explain(row) {
  const isNear = items.nearest[row] >= 0;
  const apart = `${items.distance[row].toFixed(1)} levels apart`
    + (items.isNearDuplicate[row] ? ", a near-duplicate" : "");
  if (items.state[row] === EXCLUDED) {
    return isNear ? `Excluded. The kept image that looks most like it is ${apart}.` : "Excluded.";
  }
  if (items.state[row] === EARLIER) {
    return "Selected before; the kept images were chosen to look different from it.";
  }
  const others = items.standsFor[row] - 1;
  const kept = others > 0
    ? `Kept. It stands for ${others.toLocaleString("en")} other image${others > 1 ? "s" : ""}.`
    : "Kept. It stands for itself.";
  return isNear ? `${kept} The selected image that looks most like it is ${apart}.` : kept;
}

function describe(row) {
  const colour = `#${items.colour[row].toString(16).padStart(6, "0")}`;
  const swatch = make("span", { className: "swatch" });
  swatch.style.background = colour;
  return [
    ["Path", paths[row]],
    ...(items.rank[row] >= 0
      ? [["Rank", `${count(items.rank[row] + 1)}; all up to this rank are a diverse selection too`]]
      : []),
    ...["category", "label", "confidence"].filter((name) => (items[name]?.[row] ?? null) !== null)
      .map((name) => [name[0].toUpperCase() + name.slice(1), String(items[name][row])]),
    ...(isWhole(row) ? [] : [["Box", describeBox(row)]]),
    ["Bucket", buckets[items.bucket[row]], bits[items.bucket[row]]],
    ...(items.group.length ? [["Group", items.groups[items.group[row]]]] : []),
    ["Taken", describeTime(items.captured[row]) || "not known"],
    ["Size", `${count(items.width[row])} × ${count(items.height[row])} pixels`],
    ["Mean colour", swatch, colour],
  ];
}

function step(distance) {
  const row = matching[matching.indexOf(shownRow) + distance];
  if (row !== undefined) {
    showDetails(row);
  }
}

async function copyPath() {
  const said = find("output", details);
  try {
    await navigator.clipboard.writeText(paths[shownRow]);
    said.textContent = "Copied";
  } catch {
    // Browsers may forbid it; a marked text can be copied by hand.
    getSelection().selectAllChildren(find("dd", details));
    said.textContent = "Marked; press Ctrl+C to copy";
  }
}

const ACTS = { close: () => details.close(), previous: () => step(-1), next: () => step(1), copy: copyPath };

details.addEventListener("click", (event) => {
  ACTS[event.target.dataset.act]?.();
  if (event.target === details) { // beside it
    details.close();
  }
});
details.addEventListener("keydown", (event) => {
  step({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? NaN);
});
find("#nearest a").addEventListener("click", (event) => {
  event.preventDefault();
  showDetails(items.nearest[shownRow]);
});
document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-row]");
  if (item) {
    showDetails(Number(item.dataset.row));
  }
});
