// <price-line><form>… Counts as one types: asks the form's own address and takes the answer out of the page.
class PriceLine extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.answer = this.querySelector("[data-answer]");
    this.answer.setAttribute("aria-live", "polite");
    this.form.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.count(), 400);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.timer);
      this.count(true);
    });
  }

  async count(asked = false) {
    this.asking?.abort();
    const quantity = this.form.elements.quantity;
    if (!quantity.value.trim()) return this.answer.replaceChildren();
    const address = new URL(location.href);
    address.search = new URLSearchParams(new FormData(this.form));
    address.hash = "";
    this.asking = new AbortController();
    this.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { signal: this.asking.signal });
      if (!response.ok || response.redirected) throw new Error(response.status);
      this.show(new DOMParser().parseFromString(await response.text(), "text/html"));
      history.replaceState(history.state, "", address);
    } catch (error) {
      // Signed out, refused or without a signal: the form leads to the page that says so, but only when it was sent.
      if (asked && error.name !== "AbortError") this.form.submit();
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  /** The fields stay as they are, with the focus in them; only their mistakes and the line are taken over. */
  show(page) {
    const found = page.querySelector("price-line");
    this.answer.replaceChildren(...found.querySelector("[data-answer]").children);
    for (const field of this.form.querySelectorAll(".field")) {
      const control = field.querySelector("[id]:is(input, select)");
      const other = found.querySelector(`#${control.id}`);
      field.querySelector(".field-error")?.remove();
      const error = other.closest(".field").querySelector(".field-error");
      if (error) control.before(error);
      field.classList.toggle("field-wrong", Boolean(error));
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (other.hasAttribute(name)) control.setAttribute(name, other.getAttribute(name));
        else control.removeAttribute(name);
      }
    }
  }
}

customElements.define("price-line", PriceLine);
