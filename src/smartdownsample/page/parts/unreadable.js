function makeFailureRow(place) {
  return make("tr", {},
    make("th", { scope: "row" }, items.failurePath[place]),
    make("td", {}, items.causes[items.failureCause[place]]));
}

if (items.failurePath.length) {
  const failures = new Pager(find("#failures"), makeFailureRow);
  // Nothing but the path is known of them.
  onFilter(sectionOf("unreadable"), () => {
    const text = filter.text.toLowerCase();
    failures.show([...items.failurePath.keys()].filter((place) =>
      items.failurePath[place].toLowerCase().includes(text)));
  });
}
