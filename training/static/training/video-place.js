// <video-place data-save><video>… Chapters and transcript lead to their moment, what is said is marked as it is said,
// and the place where the viewer stopped is kept, with the stretches that were watched: whoever jumps to the end has not
// seen it. Without it the links begin the video at their moment by the address.
class VideoPlace extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.addEventListener("click", (event) => this.follow(event));
    if (!this.video) return;
    this.said = [...this.querySelectorAll("[data-end]")];
    this.video.addEventListener("timeupdate", () => this.mark());
    if (!this.dataset.save) return;
    this.video.addEventListener("play", () => (this.played = true));
    this.video.addEventListener("pause", () => this.save());
    this.interval = setInterval(() => this.video.paused || this.save(), 15000);
    // A phone that is put away sends no pagehide; hidden is the last that is sure to be heard.
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
    addEventListener("pagehide", () => this.save());
  }

  disconnectedCallback() {
    clearInterval(this.interval);
  }

  follow(event) {
    const place = event.target.closest("[data-start], [data-player]");
    if (!place || event.ctrlKey || event.metaKey || event.shiftKey || !getSelection().isCollapsed) return;
    const door = this.querySelector("[data-player]");
    if (this.video) this.go(Number(place.dataset.start) / 1000);
    else if (door) this.open(new URL(door.href), place.dataset.start);
    else return;
    event.preventDefault();
  }

  go(seconds) {
    this.querySelector(".watch-resume")?.remove();
    this.video.currentTime = seconds;
    this.video.play().catch(() => {}); // the browser may want a tap on the player itself
    this.video.focus({ preventScroll: true });
    this.video.scrollIntoView({ block: "nearest" });
  }

  /** A provider's player, in a page of ours that may show it. */
  open(address, start) {
    address.searchParams.set("framed", "");
    if (start) address.searchParams.set("t", Math.floor(start / 1000));
    const screen = this.querySelector(".watch-still");
    const frame = screen.querySelector("iframe") ?? document.createElement("iframe");
    frame.title = document.title;
    frame.allow = "autoplay; fullscreen; picture-in-picture; encrypted-media";
    frame.src = address;
    screen.append(frame);
    frame.focus();
    screen.scrollIntoView({ block: "nearest" });
  }

  mark() {
    const now = this.video.currentTime * 1000;
    for (const one of this.said) {
      const here = one.dataset.start <= now && now < one.dataset.end;
      if (here !== one.hasAttribute("aria-current")) {
        if (here) one.setAttribute("aria-current", "true");
        else one.removeAttribute("aria-current");
      }
    }
  }

  /** The stretches played since the page was opened, in whole seconds. */
  tell() {
    const { played } = this.video;
    const ends = (at) => [played.start(at), played.end(at)].map(Math.round).join("-");
    return Array.from({ length: played.length }, (_, at) => ends(at)).join();
  }

  save() {
    const seconds = Math.floor(this.video.currentTime);
    const played = this.tell();
    if (!this.played || `${seconds} ${played}` === this.kept) return;
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    const csrfmiddlewaretoken = token ?? this.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const body = new URLSearchParams({ seconds, played, csrfmiddlewaretoken });
    // A beacon is sent even while the page goes.
    if (navigator.sendBeacon(this.dataset.save, body)) this.kept = `${seconds} ${played}`;
  }
}

customElements.define("video-place", VideoPlace);
