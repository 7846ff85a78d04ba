// <exam-sheet data-save-url data-attempt data-seq><form>… Sends every answer as it is given and shows that it is saved.
// Each change has its number and waits in localStorage until the server confirms it: a lost connection, a reload, an
// expired sign-in lose nothing. Sent one at a time and in order, the latest of each question.
import { countAnswered, givenTo, restore, speak, token } from "./exam-inputs.js";

const TYPED = new Set(["text", "textarea"]);

class ExamSheet extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.key = `exam:${this.dataset.attempt}`;
    this.tries = 0;
    this.noted = {};
    const kept = this.read();
    this.waiting = kept.waiting ?? {};
    // Numbers never go back below what the server knows, nor what this device has used.
    this.seq = Math.max(this.dataset.seq, kept.seq ?? 0);
    for (const [position, { given }] of Object.entries(this.waiting)) restore(this.form, position, given);
    this.form.addEventListener("change", (event) => this.note(event.target));
    this.form.addEventListener("input", (event) => TYPED.has(event.target.type) && this.note(event.target, 1000));
    // Enter in a line of text would press the page's first button.
    this.form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.matches("input") && event.preventDefault());
    this.form.addEventListener("submit", () => (this.submitted = true));
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => document.hidden || this.send());
    document.addEventListener("exam-over", (event) => {
      event.preventDefault();
      this.finish();
    });
    this.send();
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      return {}; // closed in private windows: answers are kept in memory alone
    }
  }

  keep() {
    try {
      // With nothing waiting the server knows all: the device keeps no answers.
      if (!Object.keys(this.waiting).length) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify({ seq: this.seq, waiting: this.waiting }));
    } catch {
      /* as above */
    }
  }

  /** Kept on the device at once; sent at once, or when the typing pauses. */
  note(input, pause = 0) {
    const position = input.closest("[data-position]")?.dataset.position;
    if (!position) return;
    const given = givenTo(this.form, position);
    const words = JSON.stringify(given);
    // Leaving a field tells again what typing in it has told.
    if (this.noted[position] !== words) {
      this.noted[position] = words;
      this.waiting[position] = { seq: ++this.seq, given };
      this.keep();
    }
    clearTimeout(this.timer);
    if (pause) this.timer = setTimeout(() => this.send(), pause);
    else this.send();
  }

  async send() {
    clearTimeout(this.timer);
    if (this.sending || this.closed || this.submitted) return;
    const next = Object.entries(this.waiting).sort((one, other) => one[1].seq - other[1].seq)[0];
    if (!next) return this.show(this.stale ? "stale" : "saved");
    this.sending = true;
    if (!this.tries) this.show("saving");
    const outcome = await this.post(next[0], next[1]);
    this.sending = false;
    if (["saved", "stale"].includes(outcome)) {
      this.tries = 0;
      this.sent = true;
      // Stale: kept, but answered on another page too. The other questions go on.
      this.stale ||= outcome === "stale";
      // A newer answer, given while this one travelled, stays.
      if (this.waiting[next[0]]?.seq === next[1].seq) delete this.waiting[next[0]];
      this.keep();
      return this.send();
    }
    this.show(outcome);
    if (outcome === "over") {
      this.closed = true;
      this.waiting = {};
      return this.keep();
    }
    this.timer = setTimeout(() => this.send(), 1000 * Math.min(2 ** this.tries++, 30));
  }

  async post(position, { seq, given }) {
    const body = new URLSearchParams({ position, seq, csrfmiddlewaretoken: token() });
    for (const [part, value] of given) body.append(part ? `response-${part}` : "response", value);
    try {
      const asked = { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" };
      const answer = await fetch(this.dataset.saveUrl, { ...asked, signal: AbortSignal.timeout(10000) });
      if (answer.ok) {
        const { deadline } = await answer.json();
        if (deadline) document.querySelector("exam-timer")?.setAttribute("data-deadline", deadline);
        return "saved";
      }
      if (answer.status === 409) {
        const { code } = await answer.json().catch(() => ({}));
        if (code === "stands_still") return "unsaved"; // sent again when the exam goes on
        if (code === "left_for_good") return "saved"; // the page that was left has brought it along
        return !code || code === "stale" ? "stale" : "over";
      }
      if (answer.status === 410) return "over";
      if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return "expired";
    } catch {
      /* no connection, or no answer in time */
    }
    return "unsaved";
  }

  show(state) {
    const place = document.querySelector(".save-state");
    place.dataset.state = state;
    // Aloud are the first save, what goes wrong, and that it is well again.
    if (![this.said, "saving", this.sent || "saved"].includes(state)) {
      this.said = state;
      speak(document.querySelector("[data-voice=save]"), place.querySelector(`[data-for=${state}]`).textContent);
    }
    const answered = countAnswered(this.form);
    if (!("alone" in this.dataset)) document.querySelector("[data-answered]").textContent = answered;
  }

  /** Time is over: what waits gets five seconds, then the form goes. Offline, the server submits what it has. */
  async finish() {
    const patience = performance.now() + 5000;
    while (Object.keys(this.waiting).length && performance.now() < patience && !this.closed) {
      await this.send();
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    this.show("over");
    this.form.action = this.form.dataset.submitUrl;
    if (navigator.onLine) this.form.submit();
    else addEventListener("online", () => this.form.submit(), { once: true });
    for (const field of this.form.querySelectorAll("fieldset")) field.disabled = true;
  }
}

customElements.define("exam-sheet", ExamSheet);
