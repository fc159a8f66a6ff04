// Rows of a form (billing_platform/lib/admin/rows.py): added, removed, and moved where their order counts. Without this
// file a form has empty rows below those that are filled.
(() => {
    const tool = (icon, label, act) => {
        const button = document.createElement("button");
        button.type = "button";
        button.title = button.ariaLabel = label;
        button.innerHTML = `<span class="material-symbols-outlined" aria-hidden="true">${icon}</span>`;
        button.addEventListener("click", act);
        return button;
    };

    const setUp = (box) => {
        const body = box.querySelector("tbody");
        const isOrdered = "ordered" in box.dataset;
        const rowsOf = () => [...body.rows];
        const pattern = body.rows[body.rows.length - 1].cloneNode(true);
        const isEmpty = (row) => [...row.querySelectorAll("input")].every((input) => !input.value);

        const refresh = () => {
            let over = "0";
            box.querySelector("thead").hidden = !body.rows.length;
            for (const [index, row] of rowsOf().entries()) {
                for (const input of row.querySelectorAll("input")) {
                    input.name = input.name.replace(/-\d+-/, `-${index}-`);
                    input.ariaLabel = input.ariaLabel.replace(/\d+$/, index + 1);
                }
                const from = row.querySelector(".from");
                if (from) {
                    from.textContent = over;
                    over = row.querySelector('[data-column="up_to"] input').value.trim() || "…";
                }
                const [up, down] = row.querySelectorAll(".tools button");
                if (isOrdered) {
                    up.disabled = index === 0;
                    down.disabled = index === body.rows.length - 1;
                }
            }
        };
        const tell = (what) => box.dispatchEvent(new CustomEvent(what, { bubbles: true }));
        const changed = () => {
            refresh();
            tell("rows-changed");
        };
        const equip = (row) => {
            // a row that moves takes the focus from its button, and one that goes takes the button
            const moved = ({ currentTarget: pressed }) => {
                changed();
                (pressed.disabled ? row.querySelector(".tools button:enabled") : pressed).focus();
            };
            const move = isOrdered
                ? [
                      tool("arrow_upward", "Move up", (event) => (row.previousElementSibling?.before(row), moved(event))),
                      tool("arrow_downward", "Move down", (event) => (row.nextElementSibling?.after(row), moved(event))),
                  ]
                : [];
            const remove = tool("delete", "Remove", () => {
                const other = row.nextElementSibling ?? row.previousElementSibling ?? row;
                if (body.rows.length > 1) row.remove();
                else for (const input of row.querySelectorAll("input")) input.value = "";
                changed();
                other.querySelector("input").focus();
            });
            row.querySelector(".tools").replaceChildren(...move, remove);
        };
        const add = () => {
            const row = pattern.cloneNode(true);
            body.append(row);
            equip(row);
            refresh();
            tell("row-added");
            return row;
        };

        for (const row of rowsOf()) if (isEmpty(row)) row.remove();
        for (const row of rowsOf()) equip(row);
        if (!body.rows.length && "first" in box.dataset) add();
        const more = document.createElement("button");
        more.type = "button";
        more.className = "action";
        more.textContent = box.dataset.add;
        more.addEventListener("click", () => add().querySelector("input").focus());
        box.append(more);
        body.addEventListener("input", refresh);
        refresh();
    };

    for (const box of document.querySelectorAll("[data-rows]")) setUp(box);
})();
