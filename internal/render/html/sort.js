
"use strict";
// A click on a column's heading sorts by it: numbers and times from the largest, words from A;
// again turns the order round. Empty cells stay last.
for (const table of document.querySelectorAll("table.sort")) {
  const body = table.tBodies[0];
  const heads = table.tHead.rows[0].cells;
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = [...body.rows].some((row) => row.cells[head.cellIndex].dataset.v);
      const order = head.getAttribute("aria-sort") || (numeric ? "ascending" : "descending");
      for (const other of heads) other.removeAttribute("aria-sort");
      const sign = order === "ascending" ? -1 : 1;
      head.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[head.cellIndex];
        return numeric ? (cell.dataset.v === undefined ? null : Number(cell.dataset.v)) : cell.textContent || null;
      };
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (numeric ? a - b : a.localeCompare(b));
      });
      body.append(...rows.map(([, row]) => row));
    });
  }
}
