// Another organisation or metric has other fields: show them at once, without what was chosen for the one before.
const form = document.getElementById("explorer");
const dependent = { organisation: /^(project|metric|split|d\.)/, metric: /^(split|d\.)/ };

form.addEventListener("change", (event) => {
    const outdated = dependent[event.target.name];
    if (!outdated) return;
    for (const field of form.elements) {
        if (outdated.test(field.name)) field.disabled = true;
    }
    form.submit();
});
