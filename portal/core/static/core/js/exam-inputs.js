// What a question can be answered with, whatever its type: its inputs by the names q7, q7-1, q7-2 …
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

/** Show again what was given. */
export function restore(form, position, given) {
  for (const input of inputsOf(form, position)) {
    const values = given.filter(([part]) => part === partOf(input)).map(([, value]) => value);
    if (BOXES.has(input.type)) input.checked = values.includes(input.value);
    else input.value = values[0] ?? "";
  }
}
