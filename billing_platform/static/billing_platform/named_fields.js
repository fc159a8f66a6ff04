// Select2 draws a field, and a search box in its menu, beside the select that has the label. Neither has a name of its
// own: for readers of screens both take the words of that label.
const drawn = ".select2-selection, .select2-selection__rendered, .select2-search__field";

const selectOf = (field) => {
    const container = field.closest(".select2-container");
    if (container.previousElementSibling?.matches("select")) return container.previousElementSibling;
    const menu = container.querySelector(".select2-results__options"); // hangs at the end of the page
    return document.getElementById(menu?.id.replace(/^select2-(.*)-results$/, "$1"));
};

const nameFields = () => {
    for (const field of document.querySelectorAll(drawn)) {
        const label = field.ariaLabel ? null : selectOf(field)?.labels[0];
        if (!label) continue;
        field.ariaLabel = label.textContent.replace("*", "").trim();
        field.removeAttribute("aria-labelledby"); // points at the chosen value, which may be empty
    }
};

new MutationObserver(nameFields).observe(document.documentElement, { childList: true, subtree: true });
