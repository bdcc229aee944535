// All parts of the script are joined in the order of parts.py and share one scope. All that is known
// of the images comes as columns: lists with one value for each image, compressed, see items.py.

const EXCLUDED = 0, KEPT = 1, EARLIER = 2;
const STATES = ["excluded", "kept", "earlier"];
const STATE_NAMES = ["Excluded", "Kept", "Selected before"];

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
const sectionOf = (heading) => find(`section[aria-labelledby="${heading}"]`);
const count = (number) => number.toLocaleString("en");

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Adds a value to the list that a map has for a key.
function addTo(map, key, value) {
  const own = map.get(key);
  if (own) {
    own.push(value);
  } else {
    map.set(key, [value]);
  }
}

async function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) {
    bytes[place] = letters.charCodeAt(place);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const items = await unpack(find("#items").textContent);
const nItems = items.name.length;
const nouns = find("#filters").dataset.noun;
const noun = nouns.slice(0, -1);
// What images are told apart by: cameras where a document tells them, else folders.
const cameraWord = find("#filters").dataset.place;
const cameraHead = cameraWord[0].toUpperCase() + cameraWord.slice(1);
const pathOf = (row) => items.folders[items.folder[row]] + items.name[row];
const nCameras = items.camera.reduce((most, camera) => Math.max(most, camera + 1), 0);
// The last ones have unreadable images only, which may lie anywhere.
const cameraNames = shortenNames(items.cameras, items.cameras.slice(0, nCameras));
const groupNames = shortenNames(items.groups);
const NO_NAME = "(no name)";

// The picks, and the excluded images that each stands for, ascending, by its row.
const picks = Int32Array.from(items.state.keys()).filter((row) => items.state[row] === KEPT);
const members = new Map();
for (let row = 0; row < nItems; row += 1) {
  if (items.state[row] === EXCLUDED && items.nearest[row] >= 0) {
    addTo(members, items.nearest[row], row);
  }
}
const membersOf = (pick) => members.get(pick) ?? [];

const thumbnails = new Map(find("#thumbnails").textContent.trim().split("\n")
  .map((line) => line.split(" ")));
const toSource = (name) => (thumbnails.get(name) ? `data:image/jpeg;base64,${thumbnails.get(name)}` : null);

// The data URI of an image's thumbnail; null for one without.
const thumbnailOf = (row) => toSource(String(row));
// Whether the page was to show an image that could not be read any more; others have no thumbnail
// because the page has no room for all.
const isLost = (row) => thumbnails.get(String(row)) === "";
const photoOf = (row) => toSource(`p${items.photo[row]}`);

// What a document says is in an image, and how sure that is.
function describeContent(row) {
  const confidence = items.confidence?.[row];
  const what = items.label?.[row] || items.category?.[row];
  return [what, confidence?.toFixed(2)].filter(Boolean).join(" ");
}

// What names have in common before their last folders, all of them or those `among` them, does not
// tell them apart.
function shortenNames(names, among = names) {
  const [first = ""] = among;
  let length = among.length > 1 ? first.lastIndexOf("/") + 1 : 0;
  while (length && !among.every((name) => name.startsWith(first.slice(0, length)))) {
    length = first.lastIndexOf("/", length - 2) + 1;
  }
  const common = first.slice(0, length);
  return names.map((name) => (name.startsWith(common) && name.slice(length)) || name);
}

// A text that is cut on the left where it is too long: names of files and folders differ at the end.
function makeCutText(className, text) {
  return make("span", { className: `${className} cut` }, make("bdi", {}, text));
}

function nameItem(row, name = items.name[row]) {
  return [name, describeContent(row)].filter(Boolean).join(", ");
}

function describeTime(seconds) {
  // The camera's own time, which knows of no zone.
  return seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

const pluralize = (number, singular, plural = `${singular}s`) =>
  `${count(number)} ${number === 1 ? singular : plural}`;
const inPercent = (part, whole, digits = 0) => (whole ? `${((100 * part) / whole).toFixed(digits)}%` : "–");
const colourOf = (row) => `#${items.colour[row].toString(16).padStart(6, "0")}`;

// The link to an image that lies beside the page; null where it does not.
function linkOf(row) {
  const folder = items.links[items.folder[row]];
  return folder === null ? null : folder + encodeURIComponent(items.name[row]);
}

function describeSpan(seconds, isShort = false) {
  const units = [["day", "d", 86_400], ["hour", "h", 3_600], ["minute", "min", 60], ["second", "s", 1]];
  const [name, symbol, length] = units.find((unit) => Math.abs(seconds) >= 2 * unit[2]) ?? units.at(-1);
  const number = Math.round(Math.abs(seconds) / length);
  return isShort ? `${count(number)}\u2009${symbol}` : pluralize(number, name);
}

// A bar of what is kept of a number, as long as that is beside the largest one.
function showBar(bar, nKept, n, largest) {
  bar.style.setProperty("--size", inPercent(n, largest || 1, 2));
  bar.style.setProperty("--kept-share", inPercent(nKept, n || 1, 2));
}

// Days are counted from 1970, by the cameras' clocks, which know of no zone.
const SECONDS_PER_DAY = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const dayOf = (seconds) => Math.floor(seconds / SECONDS_PER_DAY);
const dateOf = (day) => new Date(day * SECONDS_PER_DAY * 1000);
const spellDay = (day) => dateOf(day).toISOString().slice(0, 10);
const readDay = (text) => (Number.isNaN(Date.parse(text)) ? null : Math.floor(Date.parse(text) / 1000 / SECONDS_PER_DAY));
const yearOf = (day) => dateOf(day).getUTCFullYear();
const monthOf = (day) => dateOf(day).getUTCMonth();

function describeDay(day, hasYear = true) {
  return `${dateOf(day).getUTCDate()} ${MONTHS[monthOf(day)]}${hasYear ? ` ${yearOf(day)}` : ""}`;
}

// Either end may be open, which is null.
function describeDays(first, last) {
  if (first === null || last === null) {
    return first !== null ? `from ${describeDay(first)}` : last !== null ? `until ${describeDay(last)}` : "";
  }
  return first === last
    ? describeDay(first)
    : `${describeDay(first, yearOf(first) !== yearOf(last))} – ${describeDay(last)}`;
}
