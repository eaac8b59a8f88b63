import { keyFault, labelValueFault } from "../metadata/metadata-key.ts";

/** One requirement of a `label_selector`; all must hold. */
export type LabelRequirement =
  | { readonly kind: "exists" | "absent"; readonly key: string }
  | { readonly kind: "in" | "not-in"; readonly key: string; readonly values: readonly string[] };

const maximumRequirements = 50;
/** Longer than 50 requirements of the longest keys and values; above it nothing is looked at. */
const longestSelector = 32_768;
const invalid = "Invalid label_selector value";

const key = String.raw`[\w\-._/]+`;
const forms = [
  { kind: "in", pattern: /^(.*?) in \((.*)\)$/s },
  { kind: "not-in", pattern: /^(.*?) notin \((.*)\)$/s },
  { kind: "in", pattern: new RegExp(`^(${key})==?(.*)$`, "s") },
  { kind: "not-in", pattern: new RegExp(`^(${key})!=(.*)$`, "s") },
  { kind: "exists", pattern: new RegExp(`^(${key})()$`) },
  { kind: "absent", pattern: new RegExp(`^!(${key})()$`) },
] as const;

/**
 * Reads a `label_selector`: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, between commas. What is
 * wrong is reported in Cloud Controller's words, and leaves its requirement out.
 */
export function parseLabelSelector(
  text: string,
  report: (fault: string) => void,
): readonly LabelRequirement[] {
  const parts = text.length > longestSelector ? undefined : splitOutsideParentheses(text);
  if (parts === undefined || parts.length > maximumRequirements) {
    report(`Too many label_selector requirements (maximum is ${maximumRequirements})`);
    return [];
  }
  if (parts.length === 0) report("Missing label_selector value");
  return parts.flatMap((part) => {
    const parsed = parseRequirement(part);
    if (typeof parsed !== "string") return [parsed];
    report(parsed);
    return [];
  });
}

/** The requirement, or what is wrong with it. */
function parseRequirement(text: string): LabelRequirement | string {
  for (const { kind, pattern } of forms) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [, name = "", list = ""] = match;
    const fault = keyFault(name);
    if (fault !== undefined) return fault;
    if (kind === "exists" || kind === "absent") return { kind, key: name };
    const values = list.split(",");
    return (
      values.map(labelValueFault).find((found) => found !== undefined) ?? {
        kind,
        key: name,
        values,
      }
    );
  }
  return invalid;
}

/** Commas within parentheses separate values, not requirements; empty parts count for nothing. */
function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let isInside = false;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "(") isInside = true;
    if (character === ")") isInside = false;
    if (character === "," && !isInside) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)].filter((part) => part !== "");
}
