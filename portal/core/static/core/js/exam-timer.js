// <exam-timer data-deadline data-now data-form data-say-600 …> Shows the time left by the server's clock.
// The device's clock may be wrong, so only the difference between the server's two moments is used, counted by
// performance.now(), which no change of that clock disturbs. By itself it says 10, 5 and 1 minutes and nothing else.
import { speak } from "./exam-inputs.js";

const THRESHOLDS = [600, 300, 60];

class ExamTimer extends HTMLElement {
  static observedAttributes = ["data-deadline"];

  connectedCallback() {
    this.serverAtStart = Date.parse(this.dataset.now);
    this.startedAt = performance.now();
    this.tick();
    setInterval(() => this.tick(), 1000);
    // A phone that slept shows the right time at once.
    document.addEventListener("visibilitychange", () => document.hidden || this.tick());
    addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload(); // gone back to: only the server knows the time
    });
  }

  attributeChangedCallback() {
    if (this.startedAt) this.tick();
  }

  /** Whole seconds, never negative. Where performance.now() pauses in sleep, the wall clock bounds it. */
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
    const limit = THRESHOLDS.findLast((one) => left <= one) ?? 0;
    if (left && limit && limit !== (this.limit ?? limit)) this.say(limit);
    this.limit = limit;
    if (left === 0 && !this.over) {
      this.over = true;
      this.toggleAttribute("data-over", true);
      // The sheet sends what is unsent, locks, says so and submits; without one the form goes as it is.
      const unheard = this.dispatchEvent(new CustomEvent("exam-over", { bubbles: true, cancelable: true }));
      if (!unheard) return;
      this.say(0);
      document.getElementById(this.dataset.form)?.submit();
    }
  }

  say(limit) {
    speak(this.querySelector("[data-voice]"), this.getAttribute(`data-say-${limit}`));
  }
}

customElements.define("exam-timer", ExamTimer);
