// A page that asks shows facts about what is chosen: choosing otherwise asks for the page again. Beside the filters of a
// list, an answer goes by the name that the attribute says.
for (const field of document.querySelectorAll("#action-form [data-asks-again]")) {
    field.addEventListener("change", () => {
        const address = new URL(location.href);
        address.searchParams.set(field.dataset.asksAgain || field.name, field.value);
        location.replace(address);
    });
}
