// <search-suggest data-url="…"> around a search field: shows what is found while words are typed. The answer of data-url
// is a piece of HTML: a list box whose options name their address. Without this script the form is simply sent.
class SearchSuggest extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    this.panel = this.querySelector("[data-panel]");
    this.status = this.querySelector('[role="status"]');
    if (!this.input || !this.panel) return;
    this.input.role = "combobox";
    this.input.ariaAutoComplete = "list";
    this.input.setAttribute("aria-controls", this.panel.id);
    this.close();
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.input.addEventListener("blur", () => this.close());
    // A press on an option would take the focus from the field, and close the list before the click.
    this.panel.addEventListener("pointerdown", (event) => event.preventDefault());
    this.panel.addEventListener("click", (event) => this.go(event.target.closest('[role="option"]')));
  }

  later() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.timer = setTimeout(() => this.ask(), 160);
  }

  async ask() {
    const words = this.input.value;
    if (words.trim().length < 2) return this.close();
    this.asked = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.url}?q=${encodeURIComponent(words)}`, { signal: this.asked.signal, redirect: "error" });
      if (answer.ok && document.activeElement === this.input) this.show(await answer.text());
    } catch {
      this.close(); // typed on, or no signal: the form still works
    }
  }

  show(html) {
    this.panel.innerHTML = html;
    const list = this.panel.firstElementChild;
    this.options = [...this.panel.querySelectorAll('[role="option"]')];
    this.options.forEach((option, number) => (option.id = `${this.panel.id}-${number}`));
    this.status.textContent = list?.dataset.say ?? "";
    this.panel.hidden = !this.options.length;
    this.input.ariaExpanded = !this.panel.hidden;
    this.choose(-1);
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.options = [];
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.status.textContent = "";
    this.input.ariaExpanded = false;
    this.choose(-1);
  }

  choose(number) {
    this.chosen = number;
    this.options.forEach((option, place) => (option.ariaSelected = place === number));
    if (number < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", this.options[number].id);
    this.options[number].scrollIntoView({ block: "nearest" });
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.panel.hidden) this.close();
    else if (event.key === "Enter" && this.chosen >= 0) this.go(this.options[this.chosen]);
    // One place more than there are options: the field itself.
    else if (step && this.options.length) this.choose(((this.chosen + 1 + step + this.options.length + 1) % (this.options.length + 1)) - 1);
    else return;
    event.preventDefault();
  }

  go(option) {
    if (option?.dataset.url) location.assign(option.dataset.url);
  }
}

customElements.define("search-suggest", SearchSuggest);
