// On a phone, a table that is too wide for the page becomes cards: a row is a card, and each cell stands beside the name
// of its column. Without this file such a table is moved sideways to see its last columns.
(() => {
    const phone = matchMedia("(max-width: 640px)");

    const nameCells = (table) => {
        const names = [...table.tHead.rows[0].cells].flatMap((cell) => Array(cell.colSpan).fill(cell.textContent.trim()));
        for (const row of table.rows) {
            let column = 0;
            for (const cell of row.cells) {
                cell.dataset.named = cell.colSpan > 1 ? "" : (names[column] ?? "");
                column += cell.colSpan;
            }
        }
    };

    const fit = (box) => {
        for (const table of box.querySelectorAll("table.facts")) {
            table.classList.remove("cards");
            if (!phone.matches || !table.tHead || box.scrollWidth <= box.clientWidth) continue;
            nameCells(table);
            table.classList.add("cards");
        }
    };

    // A box tells when its width changes: the screen is turned, a closed part of the page is opened.
    const widths = new WeakMap();
    const sizes = new ResizeObserver((entries) => {
        for (const { target } of entries) {
            if (widths.get(target) === target.clientWidth) continue;
            widths.set(target, target.clientWidth);
            fit(target);
        }
    });
    const watch = () => {
        for (const box of document.querySelectorAll(".facts-scroll")) sizes.observe(box);
    };
    new MutationObserver(watch).observe(document.documentElement, { childList: true, subtree: true });
})();
