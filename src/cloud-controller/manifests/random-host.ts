import { randomInt } from "node:crypto";

const adjectives = [
  "agile",
  "bold",
  "brave",
  "bright",
  "calm",
  "clever",
  "cosmic",
  "daring",
  "eager",
  "fast",
  "fluent",
  "gentle",
  "grand",
  "happy",
  "humble",
  "kind",
  "lively",
  "mellow",
  "nimble",
  "patient",
  "proud",
  "quick",
  "quiet",
  "rapid",
  "shiny",
  "silly",
  "sleepy",
  "smart",
  "sunny",
  "swift",
  "turbulent",
  "wise",
];
const nouns = [
  "antelope",
  "badger",
  "bat",
  "bear",
  "bonobo",
  "camel",
  "chimpanzee",
  "crane",
  "dingo",
  "eagle",
  "elephant",
  "fox",
  "gazelle",
  "gecko",
  "hedgehog",
  "heron",
  "hyena",
  "ibex",
  "jaguar",
  "kangaroo",
  "koala",
  "lemur",
  "lion",
  "lynx",
  "mandrill",
  "otter",
  "panda",
  "puma",
  "quokka",
  "raven",
  "tiger",
  "wombat",
];
const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(97 + index));

/** `<app>-<adjective>-<noun>-<two letters>`, as Cloud Foundry names random routes. */
export function randomHost(appName: string): string {
  const suffix = `${pick(adjectives)}-${pick(nouns)}-${pick(letters)}${pick(letters)}`;
  return `${hostOf(appName).slice(0, 62 - suffix.length)}-${suffix}`;
}

/** An app's name as a host: blanks and underscores as hyphens, nothing else that is no host character. */
function hostOf(appName: string): string {
  const host = appName
    .replaceAll(/[\s_]+/g, "-")
    .replaceAll(/[^A-Za-z0-9-]/g, "")
    .replaceAll(/^-+|-+$/g, "");
  return host === "" ? "app" : host;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "x";
}
