// Keyboard shortcuts of the operators' pages. They are off while one types, and while a box is open.
document.addEventListener("DOMContentLoaded", () => {
    const sheet = document.getElementById("shortcuts");
    if (!sheet) {
        return;
    }
    const WAIT_MS = 1500; // for the letter after a G
    let goes = 0;

    const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
    const open = (address) => address && location.assign(address);
    const press = (selector) => document.querySelector(selector)?.click();
    const find = () => window.dispatchEvent(new CustomEvent("opencommand"));

    const acts = {
        "?": () => sheet.showModal(),
        t: find,
        c: () => open(document.querySelector("#main a.addlink, #main a[href*='/add/']")?.href),
        f: () => press("#changelist a[x-on\\:click='filterOpen = true']"),
    };

    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
            return;
        }
        const goesTo = Date.now() - goes < WAIT_MS && sheet.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
        goes = event.key === "g" && !goesTo ? Date.now() : 0;
        if (goesTo) {
            event.preventDefault();
            open(goesTo.href);
        } else if (acts[event.key]) {
            event.preventDefault();
            acts[event.key]();
        }
    });
    sheet.querySelector("button").addEventListener("click", () => sheet.close());
    document.querySelector("[data-shows-shortcuts]")?.addEventListener("click", () => sheet.showModal());

    // The first answer is chosen, so that Enter opens what was pasted.
    document.body.addEventListener("htmx:afterSettle", (event) => {
        if (event.target.id === "command-results" && event.target.querySelector("li a")) {
            document
                .getElementById("search-input-command")
                .dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
        }
    });
});
