// <rate-card data-failed="…"> around the form of a rating: sends it in place, so that the reader stays where they are.
class RateCard extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.said = this.querySelector('[role="status"]');
    this.form?.addEventListener("submit", (event) => this.send(event));
  }

  async send(event) {
    if (!event.submitter?.name) return;
    event.preventDefault();
    const answer = new FormData(this.form, event.submitter);
    this.lock(true);
    let response;
    try {
      response = await fetch(this.form.action, { method: "POST", body: answer, headers: { Accept: "application/json" } });
    } catch {
      this.say(this.dataset.failed);
      this.lock(false);
      return;
    }
    let told;
    try {
      told = await response.json();
    } catch {
      // Not ours, a page to sign in on perhaps: the form goes the ordinary way, which shows it.
      const worked = { type: "hidden", name: "worked", value: event.submitter.value };
      this.form.append(Object.assign(document.createElement("input"), worked));
      this.form.submit();
      return;
    }
    this.say(told.thanks || [told.title, told.detail].filter(Boolean).join(" "), Boolean(told.thanks));
    this.form.hidden = Boolean(told.thanks);
    this.lock(false);
  }

  lock(locked) {
    for (const button of this.form.querySelectorAll("button")) button.disabled = locked;
  }

  say(text, thanks = false) {
    this.said.textContent = text;
    this.said.classList.toggle("rating-thanked", thanks);
  }
}

customElements.define("rate-card", RateCard);
