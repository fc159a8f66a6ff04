// The arrow that opens a row of a list can be reached and pressed by keyboard, and says what it is.
document.addEventListener("DOMContentLoaded", () => {
    for (const arrow of document.querySelectorAll("#result_list td[x-on\\:click='rowOpen = !rowOpen']")) {
        const name = arrow.closest("tr").querySelector("th, td.action-checkbox ~ td")?.textContent.trim() ?? "";
        arrow.tabIndex = 0;
        arrow.setAttribute("role", "button");
        arrow.setAttribute("aria-expanded", "false");
        arrow.setAttribute("aria-label", `More of ${name}`.trim());
        arrow.addEventListener("click", () => {
            arrow.setAttribute("aria-expanded", String(arrow.getAttribute("aria-expanded") === "false"));
        });
        arrow.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                arrow.click();
            }
        });
    }
});
