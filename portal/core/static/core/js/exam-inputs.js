// Shared by an exam's scripts. A question's inputs, whatever its type, have the names q7, q7-1, q7-2 …
const BOXES = new Set(["checkbox", "radio"]);
const partOf = (input) => input.name.replace(/^q\d+-?/, "");

/** A question's inputs, its buttons apart. */
export function inputsOf(form, position) {
  return [...form.querySelectorAll(`[data-position="${position}"] :is(input, select, textarea)[name]`)];
}

/** What was given: pairs of a part ("" for the only one) and a value. */
export function givenTo(form, position) {
  const answers = inputsOf(form, position).filter((one) => (BOXES.has(one.type) ? one.checked : one.value.trim()));
  return answers.map((one) => [partOf(one), one.value]);
}

/** Mark a question at its number. */
export function mark(position, name, on) {
  document.querySelector(`.numbers li:nth-child(${position}) > a`)?.classList.toggle(name, on);
}

/** How many are answered, each marked so; what was withdrawn is disabled and waits for no answer. */
export function countAnswered(form) {
  let count = 0;
  for (const { disabled, dataset } of form.querySelectorAll("[data-position]")) {
    const done = disabled || givenTo(form, dataset.position).length > 0;
    mark(dataset.position, "is-answered", done);
    count += done;
  }
  return count;
}

/** Show again what was given. */
export function restore(form, position, given) {
  for (const input of inputsOf(form, position)) {
    const values = given.filter(([part]) => part === partOf(input)).map(([, value]) => value);
    if (BOXES.has(input.type)) input.checked = values.includes(input.value);
    else input.value = values[0] ?? "";
  }
}

/** Signing in again in another tab renews the token, so the cookie's is asked first. */
export function token() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie?.[1] ?? document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

/** Say it aloud, once: read later, it would not be so. */
export function speak(place, words) {
  place.textContent = words;
  setTimeout(() => (place.textContent = ""), 9000);
}
