import { parseAllDocuments } from "yaml";

/** A YAML document with every scalar kept as its text: `1.50` and `yes` stay `1.50` and `yes`, as in a Go string. */
export type YamlText = string | null | readonly YamlText[] | { readonly [key: string]: YamlText };

export type ParsedYaml =
  | { readonly kind: "parsed"; readonly value: YamlText }
  | { readonly kind: "invalid"; readonly problem: string };

// What YAML's own production "c-printable" leaves out.
const unprintable = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Reads the first document. Duplicate keys are allowed, the last wins; an empty document is null. */
export function parseYamlText(source: string): ParsedYaml {
  if (unprintable.test(source)) {
    return { kind: "invalid", problem: "control characters are not allowed" };
  }
  const documents = parseAllDocuments(source, {
    schema: "failsafe",
    customTags: ["null"],
    uniqueKeys: false,
    prettyErrors: true,
  });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined) return { kind: "parsed", value: null };
  const [error] = document.errors;
  if (error !== undefined) {
    const [position] = error.linePos ?? [];
    const where = position === undefined ? "" : `line ${position.line}, column ${position.col}: `;
    const what = error.message.split(/ at line \d+/)[0] ?? error.message;
    return { kind: "invalid", problem: `${where}${what}` };
  }
  try {
    return { kind: "parsed", value: asYamlText(document.toJS()) };
  } catch (cause) {
    return { kind: "invalid", problem: cause instanceof Error ? cause.message : String(cause) };
  }
}

function asYamlText(value: unknown): YamlText {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(asYamlText);
  // The failsafe schema knows strings, lists, maps and, by our wish, null.
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asYamlText(item)]));
}

export function isYamlMap(value: YamlText): value is { readonly [key: string]: YamlText } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The map's texts, null as "": the only values that a process type may have. Undefined if there is another kind. */
export function textMap(value: YamlText): ReadonlyMap<string, string> | undefined {
  if (value === null) return new Map();
  if (!isYamlMap(value)) return undefined;
  const entries = new Map<string, string>();
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && typeof item !== "string") return undefined;
    entries.set(key, item ?? "");
  }
  return entries;
}
