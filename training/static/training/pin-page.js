// Tells the worker that something was pinned, and that there is a signal again.
class PinPage extends HTMLElement {
  connectedCallback() {
    if (!("serviceWorker" in navigator)) return
    const pinned = this.querySelector("[aria-pressed=true], li")
    if (pinned) navigator.serviceWorker.register("/worker.js", { scope: "/" }).catch(() => undefined)
    this.renew = () => navigator.serviceWorker.getRegistration("/").then(found => found?.active?.postMessage("renew"))
    window.addEventListener("online", this.renew)
    if (pinned) navigator.serviceWorker.ready.then(this.renew)
    else this.renew()
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.renew)
  }
}

customElements.define("pin-page", PinPage)
