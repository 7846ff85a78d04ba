// Keeps the pages that a reader has pinned, and nothing else, for reading without a signal.
// What may be kept is the server's answer at /offline.json; whatever is not in it is deleted.
const PAGES = "kept-pages"
const PARTS = "kept-parts"
const ABOUT = "/offline.json"
const RENEW = 60 * 60 * 1000
const PAUSE = 60 * 1000
let asked = 0
let running = null

self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()))
self.addEventListener("message", event => { if (event.data === "renew") event.waitUntil(renew()) })

self.addEventListener("fetch", event => {
  const { request } = event
  const url = new URL(request.url)
  if (url.origin !== location.origin) return
  if (request.method === "POST" && url.pathname.endsWith("/logout/")) {
    event.waitUntil(forgetAll())
    return
  }
  if (request.method !== "GET") return
  if (request.mode === "navigate") event.respondWith(open(event, url))
  else if (url.pathname.startsWith("/static/") || url.pathname === "/brand.css") event.respondWith(fetchPart(request))
})

async function open(event, url) {
  try {
    const response = await fetch(event.request)
    if (Date.now() - asked > PAUSE) event.waitUntil(renew())
    return response
  } catch {
    asked = 0
    return await findCopy(url.pathname) ?? await findCopy((await readAbout()).unsaved) ?? Response.error()
  }
}

async function findCopy(path) {
  if (!path) return undefined
  const pages = await caches.open(PAGES)
  const copy = await pages.match(path)
  if (copy && Number(copy.headers.get("X-Gone-At") ?? Infinity) < Date.now()) {
    await pages.delete(path)
    return undefined
  }
  return copy
}

async function fetchPart(request) {
  try {
    return await fetch(request)
  } catch {
    return await (await caches.open(PARTS)).match(request) ?? Response.error()
  }
}

async function readAbout() {
  const kept = await (await caches.open(PAGES)).match(ABOUT)
  return kept ? kept.json() : { pins: [] }
}

async function forgetAll() {
  asked = 0
  await Promise.all([PAGES, PARTS].map(name => caches.delete(name)))
}

// One at a time: a page and the worker may ask in the same moment.
function renew() {
  running ??= renewNow().finally(() => { running = null })
  return running
}

async function renewNow() {
  let answer
  try {
    answer = await fetch(ABOUT, { cache: "no-store", redirect: "manual" })
  } catch {
    return forgetOld()
  }
  if (answer.status >= 500) return forgetOld()
  if (!answer.ok) return forgetAll()
  asked = Date.now()
  const about = await answer.clone().json()
  if ((await readAbout()).owner !== about.owner) await caches.delete(PAGES)
  const pages = await caches.open(PAGES)
  const wanted = new Set([ABOUT, about.unsaved, ...about.pins.map(pin => pin.page)])
  for (const request of await pages.keys()) {
    const { pathname } = new URL(request.url)
    if (!wanted.has(pathname) && !wanted.has(decodeURI(pathname))) await pages.delete(request)
  }
  // What a phone needs to say that it has nothing comes first: a worker may be stopped between any two lines.
  await pages.put(ABOUT, answer)
  if (!about.pins.length) return caches.delete(PARTS)
  await save(pages, about.unsaved, about.unsaved)
  for (const pin of about.pins) {
    const copy = await findCopy(pin.page)
    const age = copy ? Date.now() + 24 * RENEW - Number(copy.headers.get("X-Gone-At")) : Infinity
    if (age > RENEW || copy.headers.get("X-Version") !== pin.version) await save(pages, pin.page, pin.copy)
  }
}

async function forgetOld() {
  for (const request of await (await caches.open(PAGES)).keys()) await findCopy(new URL(request.url).pathname)
}

async function save(pages, path, from) {
  let copy
  try {
    copy = await fetch(from, { cache: "no-store", redirect: "manual" })
  } catch {
    return
  }
  if (copy.status >= 500) return
  if (!copy.ok) return pages.delete(path)
  const parts = await caches.open(PARTS)
  const text = await copy.clone().text()
  for (const [, address] of text.matchAll(/(?:href|src)="(\/(?:static\/|brand\.css)[^"#]*)/g)) {
    if (!await parts.match(address)) await parts.add(address).catch(() => undefined)
  }
  await pages.put(path, copy)
}
