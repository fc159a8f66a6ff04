// Crediting a payment to several invoices: says what is left of the payment while amounts are typed.
const fields = [...document.querySelectorAll("#action-form [data-allocate]")];
if (fields.length) {
    const { allocate, currency } = fields[0].dataset;
    const places = (allocate.split(".")[1] || "").length;
    const minor = (text) => Math.round(Number(String(text).replaceAll(",", "") || 0) * 10 ** places);
    const line = document.createElement("p");
    line.className = "mt-2 mb-4 font-semibold";
    line.setAttribute("role", "status");
    fields.at(-1).closest(".field-row, .flex.flex-col, div").after(line);
    const show = () => {
        const sum = fields.reduce((total, field) => total + minor(field.value), 0);
        const left = minor(allocate) - sum;
        const shown = (Math.abs(left) / 10 ** places).toFixed(places);
        if (Number.isNaN(left)) line.textContent = "One of the amounts is not a number.";
        else if (left < 0) line.textContent = `${currency} ${shown} more than is left of the payment.`;
        else line.textContent = `${currency} ${shown} stays on the payment for later invoices.`;
    };
    fields.forEach((field) => field.addEventListener("input", show));
    show();
}
