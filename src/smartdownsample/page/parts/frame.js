// All parts of the script are joined in the order of parts.py and share one scope. All that is known
// of the images comes as columns: lists with one value for each image, compressed, see items.py.

const EXCLUDED = 0, KEPT = 1, EARLIER = 2;
const STATES = ["excluded", "kept", "earlier"];
const STATE_NAMES = ["Excluded", "Kept", "Selected before"];

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];
const count = (number) => number.toLocaleString("en");

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const items = await unpack(find("#items").textContent);
const nItems = items.name.length;
const paths = items.name.map((name, row) => items.folders[items.folder[row]] + name);
const contents = items.name.map((_, row) => describeContent(row));
const lowered = paths.map((path, row) => `${path} ${contents[row]}`.toLowerCase());
const bucketOptions = findAll("#filters [name=bucket] option").slice(1);
const buckets = bucketOptions.map((option) => option.text);
const bits = bucketOptions.map((option) => option.dataset.bits);

// What a document says is in an image, and how sure that is.
function describeContent(row) {
  const confidence = items.confidence?.[row];
  const what = items.label?.[row] || items.category?.[row];
  return [what, confidence?.toFixed(2)].filter(Boolean).join(" ");
}

function nameItem(row, name = items.name[row]) {
  return [name, contents[row]].filter(Boolean).join(", ");
}

function describeTime(seconds) {
  // The camera's own time, which knows of no zone.
  return seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}
