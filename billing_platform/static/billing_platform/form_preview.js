// A form that shows what saving would do: its panel asks when the page is opened, and whenever something is typed.
document.addEventListener("DOMContentLoaded", () => {
    const panel = document.querySelector("[data-preview-url]");
    const form = panel?.closest("form");
    if (!form) return;
    let waiting = 0;
    let asked = 0;

    const askNow = async () => {
        const mine = ++asked;
        panel.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(panel.dataset.previewUrl, { method: "POST", body: new FormData(form) });
            if (mine === asked && answer.ok) panel.innerHTML = await answer.text();
        } catch {
            // the network is away: the panel keeps what it shows, and saving tells the rest
        } finally {
            if (mine === asked) panel.removeAttribute("aria-busy");
        }
    };
    const ask = () => {
        clearTimeout(waiting);
        waiting = setTimeout(askNow, 300);
    };
    askNow();
    form.addEventListener("input", ask);
    form.addEventListener("change", ask);
    // Select2 tells of a choice by an event of jQuery only
    window.addEventListener("load", () => window.django?.jQuery?.(form).on("change", "select", ask));
});
