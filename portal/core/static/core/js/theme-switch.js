// <theme-switch><form>… The form works by itself; here the choice is applied without a reload.
class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      const chosen = event.submitter?.value;
      if (!["auto", "light", "dark"].includes(chosen)) return;
      event.preventDefault();
      const secure = location.protocol === "https:" ? "; secure" : "";
      document.cookie = `theme=${chosen}; path=/; max-age=31536000; samesite=lax${secure}`;
      document.documentElement.dataset.theme = chosen;
      for (const button of document.querySelectorAll("theme-switch button")) {
        button.ariaPressed = button.value === chosen;
      }
    });
  }
}

customElements.define("theme-switch", ThemeSwitch);

// Menus are <details>: a tap elsewhere or Escape closes them, as people expect of a menu.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
