// While a billing run is at work, its page asks for the progress every two seconds; when it is done, for the whole page
// once more, because the rows below have changed too.
const EVERY_MS = 2000;

const refresh = async () => {
    const shown = document.getElementById("run-progress");
    if (!shown || !("running" in shown.dataset)) return;
    if (!document.hidden) {
        try {
            const answer = await fetch(shown.dataset.url, { credentials: "same-origin", redirect: "error" });
            if (answer.ok) {
                shown.outerHTML = await answer.text();
                if (!("running" in document.getElementById("run-progress").dataset)) return location.reload();
            }
        } catch {
            // the server is away for a moment, or the session has ended: the next page says so
        }
    }
    setTimeout(refresh, EVERY_MS);
};

document.addEventListener("DOMContentLoaded", () => setTimeout(refresh, EVERY_MS));
