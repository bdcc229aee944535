const coverageHere = find("#coverage-here");

// How well the picks stand for what the filters leave.
function describeCoverage(rows) {
  const n = rows.reduce((total, row) => total + items.isCovered[row], 0);
  return rows.length
    ? `${count(n)} of ${count(rows.length)} ${nouns} (${inPercent(n, rows.length)}) are picks or look like one: `
      + "they are less than 6 of the 255 levels of light and colour apart."
    : "";
}

if (coverageHere) {
  onFilter(sectionOf("coverage"), (rows) => {
    coverageHere.textContent = describeCoverage(rows);
  });
}
