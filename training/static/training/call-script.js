// <call-script>: a call, one step at a time. The address chooses the step and the styles show it, with or without this
// script. What it adds: the way walked (kept with each entry of the browser's history, so that reload and "back" know
// it), a button back, keys, and the heading told to screen readers.
class CallScript extends HTMLElement {
  connectedCallback() {
    this.steps = [...this.querySelectorAll(".script-step")];
    if (!this.steps.length) return;
    this.nav = this.querySelector(".script-path");
    this.back = this.querySelector(".script-back");
    this.path = history.state?.path ?? [this.here() ?? this.steps[0].id];
    this.keep();
    this.follow = () => this.arrive();
    addEventListener("hashchange", this.follow);
    this.back.addEventListener("click", () => history.back());
    this.querySelector(".script-over").addEventListener("click", (event) => this.startOver(event));
    this.addEventListener("keydown", (event) => this.press(event));
    this.querySelector(".script-keys").hidden = false;
    this.show();
    // Keys work while the focus is in the script; a preview in the editor must not take it from the form.
    if (top === self && document.activeElement === document.body) this.heading().focus({ preventScroll: true });
  }

  disconnectedCallback() {
    removeEventListener("hashchange", this.follow);
  }

  /** The step that the address names; undefined for none, null for another place on the page. */
  here() {
    const name = decodeURIComponent(location.hash.slice(1));
    if (!name) return undefined;
    return this.steps.some((step) => step.id === name) ? name : null;
  }

  step() {
    return this.steps.find((step) => step.id === this.path.at(-1)) ?? this.steps[0];
  }

  heading() {
    return this.step().querySelector("h2");
  }

  arrive() {
    const name = this.here();
    if (name === null) return;
    if (history.state?.path) this.path = history.state.path;
    else {
      this.path = this.over ? [this.steps[0].id] : [...this.path, name ?? this.steps[0].id];
      this.keep();
    }
    this.over = false;
    this.show();
    this.heading().focus({ preventScroll: true });
  }

  keep() {
    history.replaceState({ ...history.state, path: this.path }, "");
  }

  startOver(event) {
    this.over = true;
    if (this.here() !== this.steps[0].id) return; // the link leads there by itself
    event.preventDefault();
    this.over = false;
    this.path = [this.steps[0].id];
    this.keep();
    this.show();
    this.heading().focus();
  }

  show() {
    this.back.hidden = this.nav.hidden = this.path.length < 2;
    const items = this.path.map((name, index) => {
      const step = this.steps.find((one) => one.id === name);
      const last = index === this.path.length - 1;
      const mark = document.createElement(last ? "span" : "a");
      mark.textContent = step?.querySelector("h2").lastChild.textContent.trim() ?? name;
      if (last) mark.setAttribute("aria-current", "step");
      else {
        mark.href = `#${name}`;
        mark.addEventListener("click", (event) => {
          event.preventDefault();
          history.go(index + 1 - this.path.length);
        });
      }
      const item = document.createElement("li");
      item.append(mark);
      return item;
    });
    this.nav.firstElementChild.replaceChildren(...items);
    this.nav.scrollLeft = this.nav.scrollWidth;
  }

  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    if (this.here() && this.here() !== this.path.at(-1)) this.arrive(); // a quick key comes before the event of the last one
    const branches = this.step().querySelectorAll(".script-branch");
    if (/^[1-9]$/.test(event.key)) branches[event.key - 1]?.click();
    else if (event.key === "Backspace" || event.key === "ArrowLeft") this.path.length > 1 && history.back();
    else if (event.key === "Home") this.querySelector(".script-over").click();
    else return;
    event.preventDefault();
  }
}

customElements.define("call-script", CallScript);
