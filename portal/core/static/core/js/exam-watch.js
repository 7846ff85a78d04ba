// <exam-watch data-status-url data-note-url data-stands data-withdrawn> Asks every 20 seconds whether the clock stands still
// or a question was withdrawn, and tells the server what a person may want to read later: the page left, text pasted.
//
// What is noticed waits for the next question to the server, so that it costs no request of its own.
const EVERY = 20000;
const MOST_WAITING = 50;

class ExamWatch extends HTMLElement {
  connectedCallback() {
    this.noticed = [];
    this.timer = setInterval(() => this.look(), EVERY);
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

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  note(kind, position = "") {
    if (this.noticed.length < MOST_WAITING) this.noticed.push(`${kind}:${position}`);
  }

  tell() {
    if (!this.noticed.length) return;
    const body = new URLSearchParams();
    for (const line of this.noticed) body.append("noticed", line);
    body.append("csrfmiddlewaretoken", this.token());
    if (navigator.sendBeacon(this.dataset.noteUrl, body)) this.noticed = [];
  }

  /** Marks a question without leaving the page; where that fails the button sends the form, as without scripts. */
  async flag(event) {
    const button = event.target.closest?.("button[name=flag]");
    if (!button || this.failed) return;
    event.preventDefault();
    const [position, on] = button.value.split(":");
    const body = new URLSearchParams({ position, on, csrfmiddlewaretoken: this.token() });
    try {
      const answer = await fetch(this.dataset.flagUrl, { method: "POST", body, redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
    } catch {
      this.failed = true;
      return button.click();
    }
    button.value = `${position}:${on === "1" ? 0 : 1}`;
    button.setAttribute("aria-pressed", String(on === "1"));
    document.querySelector(`.numbers li:nth-child(${position}) > a`)?.classList.toggle("is-flagged", on === "1");
  }

  token() {
    return document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
  }

  async look() {
    this.tell();
    try {
      const answer = await fetch(this.dataset.statusUrl, {
        headers: { Accept: "application/json" },
        redirect: "error",
        signal: AbortSignal.timeout(10000),
      });
      if (answer.ok) this.show(await answer.json());
    } catch {
      /* no connection: the sheet says so, and the next look comes by itself */
    }
  }

  show({ deadline, stands, withdrawn, over }) {
    document.querySelector("exam-timer")?.setAttribute("data-deadline", deadline);
    // The page is made anew by the server where it has to look different. What is unsent waits on the device.
    if (over || stands !== this.dataset.stands || withdrawn !== this.dataset.withdrawn) location.reload();
  }
}

customElements.define("exam-watch", ExamWatch);
