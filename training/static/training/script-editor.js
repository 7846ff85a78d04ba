// The editor of call scripts. <step-name>: a name made from the title. <script-target>: a list of the steps instead of
// a name to be typed. <script-map>: the map, drawn anew by the server while one writes.
const names = () => [...document.querySelectorAll("step-name input")].filter((input) => !isDeleted(input));
const beside = (input, field) => document.getElementsByName(input.name.replace(/[a-z]+$/, field))[0];
const isDeleted = (input) => document.getElementsByName(input.name.replace(/-value-name$/, "-deleted"))[0]?.value;
const latin = "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya".split(" ");

/** A name in small Latin letters from a title in Latin or Cyrillic, like no other name. */
function suggest(title, own) {
  const letters = [...title.toLowerCase().normalize("NFC")].map((sign) => {
    const index = sign === "ё" ? 5 : sign.charCodeAt(0) - 0x430;
    return index >= 0 && index < 32 ? latin[index].replace("-", "") : sign;
  });
  const slug = letters.join("").normalize("NFD").replace(/[\u0300-\u036f'’]/g, "").replace(/[^a-z0-9]+/g, "-");
  const base = slug.replace(/^[^a-z]+|-+$/g, "").slice(0, 50).replace(/-+$/, "") || "step";
  const taken = new Set(names().filter((input) => input !== own).map((input) => input.value));
  for (let number = 1; ; number++) {
    const name = number > 1 ? `${base}-${number}` : base;
    if (!taken.has(name)) return name;
  }
}

/** A folded block of the form is opened. */
const unfold = (section) => section?.querySelector('[data-panel-toggle][aria-expanded="false"]')?.click();

class StepName extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    // Wagtail fills the fields in after it has put them into the page.
    setTimeout(() => {
      const title = beside(this.input, "title");
      const fill = () => {
        if (this.touched || !title.value) return;
        this.input.value = suggest(title.value, this.input);
        this.tell();
      };
      this.touched = Boolean(this.input.value);
      this.was = this.input.value;
      title?.addEventListener("input", fill);
      this.input.addEventListener("input", () => {
        this.touched = Boolean(this.input.value);
        this.tell();
      });
      if (title?.value) fill();
    });
  }

  /** Branches that led to the step under its old name go on leading to it, once its new name is its alone. */
  tell() {
    const is = this.input.value;
    if (names().some((input) => input !== this.input && input.value === is)) return;
    for (const target of document.querySelectorAll("script-target")) target.rename(this.was, is);
    this.was = is;
  }
}

class ScriptTarget extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    if (this.select || !this.input) return;
    this.select = document.createElement("select");
    this.select.id = this.input.id;
    this.input.removeAttribute("id");
    this.input.type = "hidden";
    this.append(this.select);
    this.select.addEventListener("change", () => this.choose());
    for (const event of ["focus", "pointerdown"]) this.select.addEventListener(event, () => this.fill());
    setTimeout(() => this.fill());
  }

  fill() {
    const chosen = this.input.value;
    const options = names().filter((input) => input.value);
    const list = options.map((input, index) => new Option(`${index + 1}. ${beside(input, "title")?.value || input.value}`, input.value));
    if (!chosen) list.unshift(new Option(this.dataset.choose, ""));
    else if (!options.some((input) => input.value === chosen)) list.unshift(new Option(`⚠ ${chosen}: ${this.dataset.lost}`, chosen));
    list.push(new Option(`+ ${this.dataset.new}`, "+"));
    this.select.replaceChildren(...list);
    this.select.value = chosen;
  }

  rename(was, is) {
    if (was && this.input.value === was) this.input.value = is;
    this.fill();
  }

  choose() {
    if (this.select.value === "+") this.addStep();
    else this.input.value = this.select.value;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.fill();
  }

  /** A step at the end, with the answer for a title; it opens where it can be filled in. */
  addStep() {
    const form = this.closest("form");
    const known = new Set(names());
    [...form.querySelectorAll("[data-streamfield-stream-container] > div > .c-sf-add-button")].at(-1)?.click();
    const made = names().find((input) => !known.has(input));
    if (!made) return;
    const answer = beside(this.input, "answer").value.trim();
    beside(made, "title").value = answer;
    made.value = suggest(answer, made);
    this.input.value = made.value;
    unfold(made.closest("section"));
  }
}

class ScriptMap extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    if (!this.form) return;
    // On their way down: Wagtail stops some of them, such as the click that deletes a block.
    for (const event of ["input", "change", "keyup", "pointerup"]) this.form.addEventListener(event, () => this.wait(), true);
    this.addEventListener("click", (event) => {
      const hash = event.target.closest('a[href^="#block-"]')?.getAttribute("href");
      if (hash) unfold(document.getElementById(hash.slice(1)));
    });
    this.wait(50);
  }

  wait(delay = 600) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), delay);
  }

  async draw() {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (name === "csrfmiddlewaretoken" || (/^steps-/.test(name) && !/-(say|listen|note)$/.test(name))) body.append(name, value);
    }
    if (String(body) === this.drawn) return;
    this.drawn = String(body);
    this.dataset.waiting = "";
    try {
      const answer = await fetch(this.dataset.url, { method: "POST", body });
      const text = await answer.text();
      if (answer.ok && String(body) === this.drawn) this.innerHTML = text;
    } catch {
      this.drawn = ""; // no connection: the next change tries again
    }
    delete this.dataset.waiting;
  }
}

customElements.define("step-name", StepName);
customElements.define("script-target", ScriptTarget);
customElements.define("script-map", ScriptMap);
