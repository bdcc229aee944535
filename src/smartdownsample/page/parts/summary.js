// The figures of what the filters leave.

function listFigures(rows) {
  let [first, last, nNight] = [Infinity, -Infinity, 0];
  const cameras = new Set();
  const buckets = new Set();
  const events = new Set();
  for (const row of rows) {
    const time = items.captured[row];
    if (time !== null) {
      first = Math.min(first, time);
      last = Math.max(last, time);
    }
    nNight += items.isNight[row];
    cameras.add(items.camera[row]);
    buckets.add(items.bucket[row]);
    events.add(items.event[row]);
  }
  events.delete(-1);
  if (isOfPlaces()) {
    findFailures().forEach((place) => cameras.add(items.failureCamera[place]));
    cameras.delete(-1);
  }
  const days = first <= last ? describeDays(dayOf(first), dayOf(last)) : "not known";
  return [
    ["Taken", days],
    [cameras.size === 1 ? cameraHead : `${cameraHead}s`, count(cameras.size)],
    ["By day", count(rows.length - nNight)],
    ["By night, infrared", count(nNight)],
    ...(events.size ? [[events.size === 1 ? "Event" : "Events", count(events.size)]] : []),
    [buckets.size === 1 ? "Bucket" : "Buckets", count(buckets.size)],
  ];
}

function showSummary(rows) {
  const nKept = rows.filter((row) => items.state[row] === KEPT).length;
  find("#kept").replaceChildren(make("strong", {}, count(nKept)), ` of ${count(rows.length)} ${nouns} ${isPair ? "in either selection" : "kept"}`);
  showBar(find("#share .bar"), nKept, rows.length, nItems);
  find("#figures").replaceChildren(...listFigures(rows).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

onFilter(sectionOf("title"), showSummary);

async function copyText(text, element, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    // Browsers may forbid it; a marked text can be copied by hand.
    getSelection().selectAllChildren(element);
    said.textContent = "Marked; press Ctrl+C to copy";
  }
}

const copyOrigin = find("#copy-origin");
if (copyOrigin) {
  const origin = find("#made-by");
  copyOrigin.hidden = false;
  copyOrigin.addEventListener("click", () => copyText(origin.textContent, origin, copyOrigin));
}
