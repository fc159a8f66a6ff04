// The arrow that opens a row of a list gets a button, so that it can be reached and pressed by keyboard, and says what it is.
document.addEventListener("DOMContentLoaded", () => {
    for (const cell of document.querySelectorAll("#result_list td[x-on\\:click='rowOpen = !rowOpen']")) {
        const name = cell.closest("tr").querySelector("th")?.textContent.trim() ?? "";
        const button = document.createElement("button");
        button.type = "button";
        button.className = "opens-row";
        button.setAttribute("aria-expanded", "false");
        button.setAttribute("aria-label", `More of ${name}`.trim());
        cell.append(button);
        cell.addEventListener("click", () => {
            button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") === "false"));
        });
    }
});
