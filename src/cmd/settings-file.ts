import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { settingsOf, settingsSchema, type Settings } from "./settings.ts";

/**
 * The YAML of `rivera up --config FILE`.
 *
 * @throws with one line that names the file, the line and what is wrong there
 */
export function readSettingsFile(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot read the configuration file: ${reason}`, { cause: error });
  }
  return parseSettings(file, text);
}

export function parseSettings(file: string, text: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const complain = (offset: number, what: string): never => {
    throw new Error(`Cannot use ${file}, line ${lines.linePos(offset).line}: ${what}`);
  };
  const [error] = document.errors;
  if (error !== undefined) return complain(error.pos[0], error.message);
  // An empty file, or one of comments only, sets nothing.
  const parsed = settingsSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return settingsOf(parsed.data);
  const [issue] = parsed.error.issues;
  if (issue === undefined) return complain(0, "invalid");
  const path = pathOf(issue);
  const what = issue.code === "unrecognized_keys" ? "there is no such setting" : issue.message;
  return complain(
    offsetOf(document, path),
    path.length === 0 ? what : `${path.join(".")}: ${what}`,
  );
}

/** Of the value, or of the first key that nobody knows. */
function pathOf(issue: z.core.$ZodIssue): string[] {
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return [...issue.path.map(String), ...unknown];
}

/** Where the key at the end of that path stands, or the item of a list; the start of the file where the path is empty. */
function offsetOf(document: Document, path: readonly string[]): number {
  const parent = document.getIn(path.slice(0, -1), true);
  const items = isMap(parent) ? parent.items : [];
  const key = items
    .map((pair) => pair.key)
    .find((candidate) => isScalar(candidate) && String(candidate.value) === path.at(-1));
  const found = isScalar(key) ? key : document.getIn(path, true);
  return isScalar(found) ? (found.range?.[0] ?? 0) : 0;
}
