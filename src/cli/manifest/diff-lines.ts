import { toYaml, parseYaml } from "./manifest.ts";

/** A change that the server would make, with its JSON pointer. */
export interface Change {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
  readonly was?: unknown;
}

export interface DiffLine {
  readonly kind: "unchanged" | "added" | "removed";
  /** With its indentation, without the sign in front. */
  readonly text: string;
}

const redacted = "<redacted>";

/**
 * The manifest as YAML lines, each marked with what applying it would change. Of a buildpack's URL user, password and query
 * are left out: a push is often read in the log of somebody's CI.
 */
export function manifestDiffLines(
  yaml: string,
  changes: readonly Change[],
  options: { readonly redactEnv: boolean },
): DiffLine[] {
  return allLines(yaml, changes, options).map(({ kind, text }) => ({
    kind,
    text: withoutBuildpackSecrets(text),
  }));
}

/** Of all keys of a manifest only these have a URL for a value or an item. */
function withoutBuildpackSecrets(line: string): string {
  const found = /^(\s*(?:- )?(?:buildpack: )?["']?[a-z]+:\/\/)(?:[^/?#@\s]+@)?(.*)$/.exec(line);
  if (found === null) return line;
  const [, start = "", rest = ""] = found;
  const user = line.length > start.length + rest.length ? "***:***@" : "";
  return start + user + rest.replace(/\?[^#]*/, "?***");
}

function allLines(
  yaml: string,
  changes: readonly Change[],
  options: { readonly redactEnv: boolean },
): DiffLine[] {
  const document = parseYaml(yaml);
  const shown = options.redactEnv ? redactDocument(document) : document;
  const lines: DiffLine[] = [{ kind: "unchanged", text: "---" }];
  if (changes.length === 0) {
    const text = options.redactEnv ? toYaml(shown) : yaml;
    return [
      ...lines,
      ...nonEmpty(text).map((line) => ({ kind: "unchanged" as const, text: line })),
    ];
  }
  const visit = new DiffWalk(changes.map((change) => redactChange(change, options.redactEnv)));
  for (const [key, value] of entriesOf(shown))
    visit.node(`/${key}`, value, { depth: 0, hyphen: false });
  return [...lines, ...visit.lines];
}

interface Place {
  readonly depth: number;
  /** Whether the line starts an item of a list. */
  readonly hyphen: boolean;
}

class DiffWalk {
  readonly lines: DiffLine[] = [];
  readonly #changed = new Map<string, Change>();
  /** Removals by the path of what they are removed from: the manifest itself no longer has them. */
  readonly #removed = new Map<string, Change[]>();

  constructor(changes: readonly Change[]) {
    for (const change of changes) {
      if (change.op !== "remove") this.#changed.set(change.path, change);
      else {
        const parent = change.path.slice(0, change.path.lastIndexOf("/"));
        this.#removed.set(parent, [...(this.#removed.get(parent) ?? []), change]);
      }
    }
  }

  node(path: string, value: unknown, place: Place): void {
    const field = baseName(path);
    const change = this.#changed.get(path);
    if (change !== undefined) return this.#change(field, change, place);
    if (typeof value !== "object" || value === null) {
      return this.#push("unchanged", keyValue(field, value), place);
    }
    const isItem = isIndex(field);
    if (!isItem) this.#push("unchanged", `${field}:`, { ...place, hyphen: false });
    const depth = isItem ? place.depth : place.depth + 1;
    const startsItem = isItem && !Array.isArray(value);
    for (const [index, [key, inner]] of entriesOf(value).entries()) {
      this.node(`${path}/${key}`, inner, { depth, hyphen: startsItem && index === 0 });
    }
    for (const removal of this.#removed.get(path) ?? []) {
      this.#change(baseName(removal.path), removal, { depth, hyphen: false });
    }
  }

  #change(field: string, change: Change, place: Place): void {
    const at = { ...place, hyphen: place.hyphen || isIndex(field) };
    if (change.op !== "add") this.#push("removed", keyValue(field, change.was), at);
    if (change.op !== "remove") this.#push("added", keyValue(field, change.value), at);
  }

  #push(kind: DiffLine["kind"], text: string, place: Place): void {
    const spaces = "  ".repeat(Math.max(0, place.depth - 1));
    for (const [index, line] of nonEmpty(text).entries()) {
      const mark = place.depth === 0 ? "" : place.hyphen && index === 0 ? "- " : "  ";
      this.lines.push({ kind, text: spaces + mark + line });
    }
  }
}

function keyValue(key: string, value: unknown): string {
  const text = toYaml(value).trim();
  if (isIndex(key)) return text;
  if (Array.isArray(value)) return `${key}:\n${text}`;
  if (typeof value === "object" && value !== null) {
    return `${key}:\n${text.replaceAll(/^/gm, "  ")}`;
  }
  return `${key}: ${text}`;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isIndex(field: string): boolean {
  return /^\d+$/.test(field);
}

function nonEmpty(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function redactDocument(document: unknown): unknown {
  return Object.fromEntries(
    entriesOf(document).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(redactEnv) : value,
    ]),
  );
}

function redactEnv(value: unknown): unknown {
  return Object.fromEntries(
    entriesOf(value).map(([key, inner]) => [key, key === "env" ? hideValues(inner) : inner]),
  );
}

function hideValues(value: unknown): unknown {
  return Object.fromEntries(entriesOf(value).map(([key]) => [key, redacted]));
}

function redactChange(change: Change, hideEnv: boolean): Change {
  if (change.path.endsWith("cnb-credentials")) return { ...change, value: "[PRIVATE DATA HIDDEN]" };
  if (!hideEnv) return change;
  if (/\/env\/[^/]+$/.test(change.path)) return { ...change, value: redacted, was: redacted };
  if (change.path.endsWith("/env")) {
    return { ...change, value: hideValues(change.value), was: hideValues(change.was) };
  }
  return /\/\d+$/.test(change.path)
    ? { ...change, value: redactEnv(change.value), was: redactEnv(change.was) }
    : change;
}
