// The price form: shows the fields of the chosen model, and asks what the price costs while it is typed. Without this file the form works all the same: all fields are shown, with empty rows.
(() => {
    const preview = document.getElementById("price-preview");
    const form = preview?.closest("form");
    if (!form) return;
    const read = (id) => JSON.parse(document.getElementById(id).textContent);
    const models = read("price-models");
    const unitsOf = read("price-units");
    const model = form.elements.model;
    const touched = new Set();

    // --- the fields of the model -------------------------------------------------------------------------------------

    const allParts = [...new Set(Object.values(models).flatMap((each) => each.parts))];
    const lineOf = (name) => {
        const field = form.querySelector(`[name="${name}"], [data-rows="${name}"]`);
        return field?.closest(".field-line, [data-part]") ?? null;
    };
    const sentence = document.createElement("p");
    sentence.className = "model-sentence";

    const showParts = () => {
        const chosen = models[model.value] ?? { sentence: "", parts: [], columns: [] };
        sentence.textContent = chosen.sentence;
        for (const name of allParts) {
            const line = lineOf(name);
            // free units that are stored already count with any model: they are shown, so that one can see and remove them
            const isInForce = name === "free_units" && Number(form.elements[name]?.value) !== 0;
            if (line) line.hidden = !chosen.parts.includes(name) && !isInForce;
        }
        for (const cell of form.querySelectorAll('[data-rows="tiers"] [data-column]')) {
            cell.hidden = !chosen.columns.includes(cell.dataset.column);
        }
    };

    // --- what it costs -----------------------------------------------------------------------------------------------

    const shown = document.getElementById("price-shown");
    const typed = preview.querySelectorAll(".try input");
    let waiting = 0;
    let asked = 0;

    const bodyOf = () => {
        const body = new FormData();
        if (preview.dataset.rule) body.append("rule", preview.dataset.rule);
        else for (const [name, value] of new FormData(form)) body.append(name, value);
        for (const input of typed) body.set(input.name, input.value);
        body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        return body;
    };
    const nameOf = (input) => input.name.replace(/-\d+-.*$/, "");

    const showFaults = (errors) => {
        for (const fault of form.querySelectorAll("[data-fault]")) fault.textContent = "";
        for (const [name, sentences] of Object.entries(errors)) {
            if (!touched.has(name)) continue;
            let fault = form.querySelector(`[data-fault="${name}"]`);
            if (!fault) {
                const field = form.querySelector(`[data-rows="${name}"]`) ?? form.elements[name];
                if (!field) continue;
                fault = document.createElement("p");
                fault.className = "fault";
                fault.dataset.fault = name;
                field.after(fault);
            }
            fault.textContent = sentences.join(" ");
        }
    };

    const askNow = async () => {
        const mine = ++asked;
        preview.setAttribute("aria-busy", "true");
        try {
            const answer = await fetch(preview.dataset.url, { method: "POST", body: bodyOf() });
            if (mine !== asked || !answer.ok) return;
            const { html, errors } = await answer.json();
            if (mine !== asked) return;
            showFaults(errors);
            preview.classList.toggle("outdated", Object.keys(errors).length > 0);
            if (!Object.keys(errors).length || !shown.querySelector("table")) shown.innerHTML = html;
        } catch {
            // the network is away: the page keeps what it shows, and saving tells the rest
        } finally {
            if (mine === asked) preview.removeAttribute("aria-busy");
        }
    };
    const ask = () => {
        clearTimeout(waiting);
        waiting = setTimeout(askNow, 250);
    };

    form.addEventListener("input", (event) => {
        if (!event.target.name) return;
        touched.add(nameOf(event.target));
        if (event.target.name === "metric_name") {
            const [only, ...others] = unitsOf[event.target.value.trim()] ?? [];
            if (only && !others.length && !touched.has("unit")) form.elements.unit.value = only;
        }
        ask();
    });
    form.addEventListener("change", (event) => event.target === model && (showParts(), ask()));
    for (const input of typed) {
        input.addEventListener("input", () => (touched.add(input.name), ask()));
        // the field belongs to no form: Enter must not save the price
        input.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), ask()));
    }
    form.addEventListener("rows-changed", (event) => {
        touched.add(event.target.dataset.rows);
        ask();
    });
    form.addEventListener("row-added", () => model && showParts());
    if (model) {
        model.parentElement.after(sentence); // beside the select stands its arrow
        showParts();
    }
})();
