// <exam-timer data-deadline data-now data-form data-say-600 …> Shows the time left by the server's clock.
//
// The device's clock may be wrong, so only the difference between the server's two moments is used, counted by
// performance.now(), which no change of the device's clock disturbs. The figure is silent; 10, 5 and 1 minutes are spoken.
const THRESHOLDS = [600, 300, 60];

class ExamTimer extends HTMLElement {
  static observedAttributes = ["data-deadline"];

  connectedCallback() {
    this.serverAtStart = Date.parse(this.dataset.now);
    this.startedAt = performance.now();
    this.spoken = new Set(THRESHOLDS.filter((limit) => this.left() <= limit));
    this.tick();
    this.interval = setInterval(() => this.tick(), 1000);
    // A phone that slept shows the right time at once.
    document.addEventListener("visibilitychange", () => document.hidden || this.tick());
    addEventListener("pageshow", (event) => {
      // Restored from the back-forward cache: the anchor is old, only the server knows.
      if (event.persisted) location.reload();
    });
  }

  disconnectedCallback() {
    clearInterval(this.interval);
  }

  attributeChangedCallback() {
    if (this.startedAt) this.tick();
  }

  /** Whole seconds left, never negative. performance.now() pauses in sleep on some systems: the wall clock bounds it. */
  left() {
    this.wallAtStart ??= Date.now();
    const passed = Math.max(performance.now() - this.startedAt, Date.now() - this.wallAtStart);
    return Math.max(0, Math.ceil((Date.parse(this.dataset.deadline) - this.serverAtStart - passed) / 1000));
  }

  tick() {
    const left = this.left();
    const hours = Math.floor(left / 3600);
    const minutes = String(Math.floor((left % 3600) / 60)).padStart(hours ? 2 : 1, "0");
    const seconds = String(left % 60).padStart(2, "0");
    this.querySelector("[data-left]").textContent = (hours ? `${hours}:` : "") + `${minutes}:${seconds}`;
    this.toggleAttribute("data-low", left > 0 && left <= 300);
    for (const limit of THRESHOLDS) {
      if (left <= limit && left > 0 && !this.spoken.has(limit)) {
        this.spoken.add(limit);
        this.say(limit);
      }
    }
    if (left === 0 && !this.over) {
      this.over = true;
      clearInterval(this.interval);
      this.toggleAttribute("data-over", true);
      this.say(0);
      const form = document.getElementById(this.dataset.form);
      // The sheet sends what is unsent, locks and submits; without a sheet the form goes as it is.
      const heard = !this.dispatchEvent(new CustomEvent("exam-over", { bubbles: true, cancelable: true }));
      if (!heard) form?.submit();
    }
  }

  say(limit) {
    this.querySelector("[data-voice]").textContent = this.getAttribute(`data-say-${limit}`) ?? "";
  }
}

customElements.define("exam-timer", ExamTimer);
