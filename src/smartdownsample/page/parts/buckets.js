// The tables of buckets, groups and words on quality; their names lead to what is in them.

function follow(kind) {
  const lines = findAll(`.counts[aria-labelledby="${kind}s"] tbody tr`);
  for (const link of findAll(`[data-${kind}]`)) {
    const number = Number(link.dataset[kind]);
    link.addEventListener("click", (event) => {
      event.preventDefault(); // which would put the section in the place of the filters
      setFilter({ [kind]: number });
      sectionOf("picks").scrollIntoView();
    });
    if (kind === "group" && groupNames[number]) {
      link.title = items.groups[number];
      link.textContent = groupNames[number];
    }
  }
  const section = sectionOf(`${kind}s`);
  if (!section) {
    return;
  }
  onFilter(section, (rows) => {
    const sizes = new Uint32Array(lines.length);
    const nKept = new Uint32Array(lines.length);
    const examples = new Int32Array(lines.length).fill(-1);
    for (const row of rows) {
      const number = items[kind][row];
      if (number < lines.length) {
        sizes[number] += 1;
        if (items.state[row] === KEPT) {
          nKept[number] += 1;
          examples[number] = examples[number] < 0 ? row : examples[number];
        }
      }
    }
    const largest = sizes.reduce((a, b) => Math.max(a, b), 1);
    for (const [number, line] of lines.entries()) {
      const [size, kept] = [sizes[number], nKept[number]];
      line.hidden = !size;
      find(".frame", line)?.replaceChildren(...(examples[number] < 0 ? [] : [makePicture(examples[number])]));
      showBar(find(".bar", line), kept, size, largest);
      const texts = [count(kept), count(size), inPercent(kept, size, 1)];
      findAll(".number", line).forEach((cell, place) => {
        cell.textContent = texts[place];
      });
    }
  });
}

follow("bucket");
follow("group");
follow("word");
