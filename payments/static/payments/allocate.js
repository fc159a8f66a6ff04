// Crediting a payment to several invoices: says what is left of the payment while amounts are typed.
const fields = [...document.querySelectorAll("#action-form [data-allocate]")];
if (fields.length) {
    const { allocate, currency } = fields[0].dataset;
    const places = (allocate.split(".")[1] || "").length;
    const minor = (text) => Math.round(Number(String(text).replaceAll(",", "") || 0) * 10 ** places);
    const money = new Intl.NumberFormat(currency === "INR" ? "en-IN" : "en-US", {
        style: "currency", currency, minimumFractionDigits: places, maximumFractionDigits: places,
    });
    const shown = (amount) => money.format(amount / 10 ** places);
    const line = document.createElement("p");
    line.className = "mb-4 font-semibold";
    line.setAttribute("role", "status");
    document.querySelector("#action-form > :last-child").before(line);
    const show = () => {
        const amounts = fields.map((field) => minor(field.value));
        const left = amounts.reduce((rest, amount) => rest - amount, minor(allocate));
        if (amounts.some((amount) => !(amount >= 0))) line.textContent = "One of the amounts is no amount above zero.";
        else if (left < 0) line.textContent = `${shown(-left)} more than is left of the payment.`;
        else if (left > 0) line.textContent = `${shown(left)} stays on the payment for later invoices.`;
        else line.textContent = "All of the payment is credited.";
    };
    fields.forEach((field) => field.addEventListener("input", show));
    show();
}
