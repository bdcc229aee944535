const thumbnails = findAll(".thumbnail");
const panels = findAll(".panel");

function showPanels(rows) {
  const isFiltered = rows.length < nItems;
  for (const thumbnail of thumbnails) {
    thumbnail.hidden = !isMatching[thumbnail.dataset.row];
  }
  for (const panel of panels) {
    panel.hidden = isFiltered && !find(".thumbnail:not([hidden])", panel);
  }
  for (const side of findAll(".side")) {
    side.hidden = filter.state !== null && STATES[filter.state] !== side.dataset.side;
    find(".of", side).hidden = isFiltered;
    enterStrip(side);
  }
  find("#no-thumbnail").hidden = panels.some((panel) => !panel.hidden);
}

onFilter(showPanels);

// One stop of the tab key for each strip of thumbnails; arrow keys move within.
function enterStrip(strip, entry = find(".thumbnail:not([hidden])", strip)) {
  for (const thumbnail of findAll(".thumbnail", strip)) {
    thumbnail.tabIndex = thumbnail === entry ? 0 : -1;
  }
}

document.addEventListener("keydown", (event) => {
  const strip = event.target.closest(".thumbnails");
  if (!strip) {
    return;
  }
  const visible = findAll(".thumbnail:not([hidden])", strip);
  const place = visible.indexOf(event.target);
  const goal = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: visible.length - 1 }[event.key];
  if (goal in visible) {
    event.preventDefault();
    enterStrip(strip, visible[goal]);
    visible[goal].focus();
  }
});
