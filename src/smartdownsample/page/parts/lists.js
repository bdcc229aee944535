// Shows one page of a long list at a time, so that the document stays small.
class Pager {
  constructor(root, makeRow, length = 50) {
    this.makeRow = makeRow;
    this.length = length;
    this.body = find("tbody", root);
    this.input = find("input", root);
    this.pages = find(".pages", root);
    this.range = find(".range", root);
    this.buttons = findAll("[data-step]", root);
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.turn(this.page + Number(button.dataset.step)));
    }
    this.input.addEventListener("change", () => this.turn(Number(this.input.value) - 1));
    root.hidden = false;
  }

  show(rows) {
    this.rows = rows;
    this.turn(0);
  }

  // Turns to the page of a row.
  reveal(row) {
    const page = Math.floor(this.rows.indexOf(row) / this.length);
    if (page >= 0 && page !== this.page) {
      this.turn(page);
    }
  }

  turn(page) {
    const last = Math.max(Math.ceil(this.rows.length / this.length) - 1, 0);
    this.page = Math.min(Math.max(Math.trunc(page) || 0, 0), last);
    const start = this.page * this.length;
    const shown = this.rows.slice(start, start + this.length);
    this.body.replaceChildren(...Array.from(shown, this.makeRow));
    this.input.value = this.page + 1;
    this.input.max = last + 1;
    this.pages.textContent = `of ${count(last + 1)}`;
    this.range.textContent = shown.length
      ? `${count(start + 1)}–${count(start + shown.length)} of ${count(this.rows.length)}`
      : "none";
    for (const button of this.buttons) {
      button.disabled = this.page === (button.dataset.step < 0 ? 0 : last);
    }
  }
}
