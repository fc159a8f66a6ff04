// Another organisation or metric has other fields: show them at once, without what was chosen for the one before.
const form = document.getElementById("explorer");
const dependent = { organisation: /^(project|metric|split|d\.)/, metric: /^(split|d\.)/ };

// The customer's menu tells jQuery alone of a choice, which hears all others too.
django.jQuery(form).on("change", (event) => {
    const outdated = dependent[event.target.name];
    if (!outdated) return;
    for (const field of form.elements) {
        if (outdated.test(field.name)) field.disabled = true;
    }
    form.requestSubmit();
});
form.addEventListener("submit", () => form.setAttribute("aria-busy", "true"));
// Back from the next page, the browser may show this one as it was left.
window.addEventListener("pageshow", () => {
    form.removeAttribute("aria-busy");
    for (const field of form.elements) field.disabled = false;
});
