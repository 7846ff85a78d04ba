// <exam-watch data-status-url data-note-url data-stands data-withdrawn> Asks every 20 seconds whether the clock stands still
// or a question was withdrawn, and tells with it what a person may want to read later: the page left, text pasted.
import { mark, token } from "./exam-inputs.js";

class ExamWatch extends HTMLElement {
  connectedCallback() {
    this.noticed = [];
    setInterval(() => this.look(), 20000);
    document.addEventListener("visibilitychange", () => {
      this.note(document.hidden ? "focus_lost" : "focus_back");
      this.look();
    });
    document.addEventListener("paste", (event) => {
      const question = event.target.closest?.("[data-position]");
      if (question) this.note("paste", question.dataset.position);
    });
    document.addEventListener("click", (event) => this.flag(event));
    addEventListener("online", () => this.look());
    addEventListener("pagehide", () => this.tell());
  }

  note(kind, position = "") {
    if (this.noticed.length < 50) this.noticed.push(`${kind}:${position}`);
  }

  tell() {
    if (!this.noticed.length) return;
    const body = new URLSearchParams();
    for (const line of this.noticed) body.append("noticed", line);
    body.append("csrfmiddlewaretoken", token());
    if (navigator.sendBeacon(this.dataset.noteUrl, body)) this.noticed = [];
  }

  /** Marks a question without leaving the page. Offline it cannot; where it fails, the button sends the form. */
  async flag(event) {
    const button = event.target.closest?.("button[name=flag]");
    if (!button || this.failed) return;
    event.preventDefault();
    const [position, wanted] = button.value.split(":");
    const on = wanted === "1";
    const body = new URLSearchParams({ position, on: wanted, csrfmiddlewaretoken: token() });
    try {
      const answer = await fetch(this.dataset.flagUrl, { method: "POST", body, redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
    } catch {
      if (!navigator.onLine) return;
      this.failed = true;
      return button.click();
    }
    button.value = `${position}:${on ? 0 : 1}`;
    button.ariaPressed = on;
    mark(position, "is-flagged", on);
  }

  async look() {
    this.tell();
    try {
      const answer = await fetch(this.dataset.statusUrl, { redirect: "error", signal: AbortSignal.timeout(10000) });
      if (answer.ok) this.show(await answer.json());
    } catch {
      /* no connection: the sheet says so */
    }
  }

  show({ deadline, stands, withdrawn, over }) {
    document.querySelector("exam-timer")?.setAttribute("data-deadline", deadline);
    // The server makes the page anew where it looks different. What is unsent waits on the device.
    if (!over && stands === this.dataset.stands && withdrawn === this.dataset.withdrawn) return;
    const at = document.activeElement.closest("[data-position]");
    if (at) history.replaceState(null, "", `#${at.id}`); // the reader stays with the question
    location.reload();
  }
}

customElements.define("exam-watch", ExamWatch);
