function makeItemRow(row) {
  const content = describeContent(row);
  const button = make("button", { type: "button" },
    make("span", { className: "frame" }, makePicture(row)),
    makeCutText("folder", items.folders[items.folder[row]]),
    makeCutText("name", items.name[row]),
    ...(content ? [make("span", { className: "content" }, content)] : []));
  const cells = [
    make("th", { scope: "row", title: nameItem(row, pathOf(row)) }, button),
    make("td", {}, make("span", { className: `state ${classOf(row)}` }, nameState(row))),
    make("td", { className: "spare", title: items.buckets[items.bucket[row]] }, items.buckets[items.bucket[row]]),
  ];
  if (items.group.length) {
    cells.push(make("td", { className: "spare", title: items.groups[items.group[row]] }, groupNames[items.group[row]]));
  }
  cells.push(make("td", { className: "spare" }, describeTime(items.captured[row])));
  const line = make("tr", {}, ...cells);
  line.dataset.row = row;
  return line;
}

let imageList = null;
showFiltered(sectionOf("images"), () => (imageList = new Pager(find("#list"), makeItemRow)));
