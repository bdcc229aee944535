function makeFailureRow(place) {
  return make("tr", {},
    make("th", { scope: "row" }, items.failurePath[place]),
    make("td", {}, items.causes[items.failureCause[place]]));
}

if (items.failurePath.length) {
  new Pager(find("#failures"), makeFailureRow).show(items.failurePath.map((_, place) => place));
}
