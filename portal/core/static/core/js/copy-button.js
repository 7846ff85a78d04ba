// <copy-button data-target="id"><button>… Copies the text of the element with that id in one tap.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    this.button?.addEventListener("click", () => this.copy());
  }

  async copy() {
    const target = document.getElementById(this.dataset.target);
    if (!target) return;
    try {
      await navigator.clipboard.writeText(target.innerText.trim());
    } catch {
      // No clipboard without HTTPS or permission: the text is selected, and the reader's own "copy" is one tap away.
      getSelection().selectAllChildren(target);
      return;
    }
    this.say(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(false), 2500);
  }

  say(done) {
    this.querySelector('[data-say="idle"]').hidden = done;
    const word = this.querySelector('[data-say="done"]');
    word.hidden = !done;
    this.querySelector('[role="status"]').textContent = done ? word.textContent : "";
  }
}

customElements.define("copy-button", CopyButton);
