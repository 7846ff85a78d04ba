// Lists the copies on this device, on the page that is shown without a signal.
class KeptPages extends HTMLElement {
  async connectedCallback() {
    if (!("caches" in window)) return
    const pages = await caches.open("kept-pages")
    const list = this.querySelector("ul")
    for (const request of await pages.keys()) {
      const copy = await pages.match(request)
      if (Number(copy.headers.get("X-Gone-At") ?? 0) < Date.now()) continue
      const title = new DOMParser().parseFromString(await copy.text(), "text/html").querySelector("h1")
      const link = Object.assign(document.createElement("a"), { href: new URL(request.url).pathname, textContent: title?.textContent.trim() })
      list.append(Object.assign(document.createElement("li"), { className: "kept-row" }))
      list.lastChild.append(link)
    }
    this.hidden = !list.children.length
  }
}

customElements.define("kept-pages", KeptPages)
