// The HTML and CSS of a template: numbers beside the lines, and what is wrong at the line where it is wrong.
document.addEventListener("DOMContentLoaded", () => {
    const panel = document.querySelector(".template-preview");
    if (!panel) return;

    const made = (tag, name, text = "") => {
        const element = document.createElement(tag);
        element.className = name;
        element.textContent = text;
        return element;
    };

    const editorOf = (field) => {
        const box = made("div", "code-box");
        const gutter = made("pre", "code-lines");
        gutter.setAttribute("aria-hidden", "true");
        const problem = made("button", "code-problem");
        const begin = made("button", "text-link", "Start from the built-in");
        problem.type = begin.type = "button";
        problem.hidden = true;
        field.before(box);
        box.append(gutter, field);
        box.after(problem, begin);
        let wrong = 0;

        const draw = () => {
            begin.hidden = field.value !== "";
            const count = field.value.split("\n").length;
            gutter.replaceChildren(
                ...Array.from({ length: count }, (_, at) => made("span", at + 1 === wrong ? "wrong" : "", at + 1)),
            );
            gutter.scrollTop = field.scrollTop;
        };
        const tell = (sentence, line) => {
            wrong = line;
            problem.textContent = sentence;
            problem.hidden = !sentence;
            field.setAttribute("aria-invalid", sentence ? "true" : "false");
            draw();
        };
        problem.addEventListener("click", () => {
            const lines = field.value.split("\n");
            const begins = lines.slice(0, Math.max(wrong - 1, 0)).reduce((sum, line) => sum + line.length + 1, 0);
            field.focus();
            field.setSelectionRange(begins, begins + (lines[wrong - 1] ?? "").length);
            field.scrollTop = Math.max(wrong - 4, 0) * parseFloat(getComputedStyle(field).lineHeight);
        });
        begin.addEventListener("click", () => {
            field.value = field.dataset.builtIn;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            field.focus();
        });
        field.addEventListener("input", draw);
        field.addEventListener("scroll", () => { gutter.scrollTop = field.scrollTop; });
        draw();
        return tell;
    };

    const editors = new Map([...document.querySelectorAll("textarea.code")].map((field) => [field.name, editorOf(field)]));
    new MutationObserver(() => {
        const found = new Map([...panel.querySelectorAll("[data-field]")].map((each) => [each.dataset.field, each]));
        for (const [name, tell] of editors) {
            const problem = found.get(name);
            tell(problem ? problem.textContent : "", problem ? Number(problem.dataset.line) : 0);
        }
    }).observe(panel, { childList: true });
});
