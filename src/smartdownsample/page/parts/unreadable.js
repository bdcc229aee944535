function makeFailureRow(place) {
  return make("tr", {},
    make("th", { scope: "row" }, items.failurePath[place]),
    make("td", {}, items.causes[items.failureCause[place]]));
}

if (items.failurePath.length) {
  const failures = new Pager(find("#failures"), makeFailureRow);
  onFilter(sectionOf("unreadable"), () => failures.show(findFailures()));
}
