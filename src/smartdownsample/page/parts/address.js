// The filters stand in the page's address, so that a link leads to what is shown, and Back to what was.

const VALUES = { camera: items.cameras, bucket: items.buckets, group: items.groups, word: items.words, state: STATES };
// Stands there for no filters: an empty address would scroll to the top.
const ALL = "all";

function spellFilter() {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value !== NO_FILTER[name]) {
      told.set(name, name.endsWith("Day") ? spellDay(value) : VALUES[name]?.[value] ?? value);
    }
  }
  return String(told);
}

// The value of a filter; that of none for what this page does not have.
function readValue(name, text) {
  if (name === "text") {
    return text;
  }
  if (name.endsWith("Day")) {
    return readDay(text);
  }
  const value = VALUES[name]?.indexOf(text) ?? Number(text);
  return items[name]?.includes(value) ? value : null;
}

function readAddress() {
  const told = [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => Object.hasOwn(NO_FILTER, name));
  return { ...NO_FILTER, ...Object.fromEntries(told.map(([name, text]) => [name, readValue(name, text)])) };
}

function writeAddress(replaces = false) {
  const address = spellFilter() || (location.hash.includes("=") ? ALL : "");
  if (address && location.hash.slice(1) !== address) {
    if (replaces) {
      location.replace(`#${address}`);
    } else {
      location.hash = address;
    }
  }
}

addEventListener("hashchange", () => {
  const address = location.hash.slice(1);
  if (address.includes("=") || [ALL, ""].includes(address)) {
    if (address !== spellFilter()) {
      setFilter(readAddress());
    }
  } else { // a section, which the page has scrolled to by now
    writeAddress(true);
  }
});
