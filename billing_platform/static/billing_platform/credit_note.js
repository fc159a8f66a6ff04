// The form of a credit note: asks the same page what the note would do, while it is typed. Without this file the page
// shows it after the first press of the button.
(() => {
    const form = document.querySelector("form[data-credit-note]");
    if (!form) return;
    let waiting = 0;
    let latest = 0;

    const show = async () => {
        const asked = ++latest;
        const address = new URL(location.href);
        address.search = "";
        for (const [name, value] of new FormData(form)) {
            if (value && !["csrfmiddlewaretoken", "once", "seen", "reason_text"].includes(name)) {
                address.searchParams.set(name, value);
            }
        }
        const answer = await fetch(address, { credentials: "same-origin" });
        if (!answer.ok || asked !== latest) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.getElementById("credit-preview");
        if (found && asked === latest) document.getElementById("credit-preview").replaceChildren(...found.childNodes);
    };

    const ask = () => {
        clearTimeout(waiting);
        waiting = setTimeout(show, 250);
    };
    form.addEventListener("input", ask);
    form.addEventListener("change", ask);
})();
