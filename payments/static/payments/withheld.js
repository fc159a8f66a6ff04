// Recording a payment: says what money and tax withheld come to against what is due, while they are typed.
document.addEventListener("DOMContentLoaded", () => {
    const withheld = document.querySelector("#action-form [data-taxable]");
    if (!withheld) return;
    const form = withheld.form;
    const { due, taxable, currency } = withheld.dataset;
    const rates = JSON.parse(withheld.dataset.rates);
    const places = (due.split(".")[1] || "").length;
    const minor = (text) => Math.round(Number(String(text).replaceAll(",", "") || 0) * 10 ** places);
    const format = new Intl.NumberFormat(currency === "INR" ? "en-IN" : "en", { style: "currency", currency });
    const shown = (amount) => format.format(amount / 10 ** places);
    const panel = document.createElement("div");
    panel.className = "mt-2 mb-4";
    panel.setAttribute("role", "status");
    const sum = document.createElement("p");
    sum.className = "font-semibold";
    const usual = document.createElement("p");
    const fill = document.createElement("button");
    fill.type = "button";
    fill.className = "text-link";
    fill.textContent = "Fill it in";
    panel.append(sum, usual);
    form.querySelector("[name=section_code]").closest(".field-row, .flex.flex-col, div").after(panel);

    const usualTax = () => {
        const rate = rates[form.elements.section_code.value];
        return rate === undefined ? null : Math.round((minor(taxable) * Number(rate)) / 100);
    };
    const show = () => {
        const money = minor(form.elements.amount.value);
        const tax = form.elements.method.value === "tds" ? 0 : minor(withheld.value);
        const left = minor(due) - money - tax;
        const both = tax ? `${shown(money)} + ${shown(tax)} tax withheld = ${shown(money + tax)}` : shown(money);
        if (Number.isNaN(left)) sum.textContent = "One of the amounts is not a number.";
        else if (left === 0) sum.textContent = `${both}: all that is due.`;
        else if (left > 0) sum.textContent = `${both}: ${shown(left)} stays due.`;
        else sum.textContent = `${both}: ${shown(-left)} more than is due.`;
        const expected = usualTax();
        usual.hidden = expected === null || (tax === expected && left === 0);
        if (expected !== null) {
            const code = form.elements.section_code.value;
            const rest = `and ${shown(minor(due) - expected)} in the bank pay all that is due.`;
            usual.replaceChildren(`Code ${code}: ${rates[code]}% of ${shown(minor(taxable))} is ${shown(expected)}, ${rest} `, fill);
        }
    };
    fill.addEventListener("click", () => {
        withheld.value = (usualTax() / 10 ** places).toFixed(places);
        form.elements.amount.value = ((minor(due) - usualTax()) / 10 ** places).toFixed(places);
        show();
    });
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
});
