import { Failure } from "../failure.ts";

export type Variables = Readonly<Record<string, unknown>>;

const placeholder = /\(\((!?[-/.\w\p{L}]+)\)\)/gu;

/**
 * Puts variables in the place of `((name))`, as BOSH templates do: a scalar that is nothing but a placeholder takes the
 * variable with its type; inside longer text it must be a text, number or boolean. Keys are interpolated too;
 * `((a.b))` reads a field. Every placeholder needs its variable.
 */
export function interpolate(document: unknown, variables: Variables): unknown {
  const missing = new Set<string>();
  const result = walk(document, (name) => {
    const found = lookUp(variables, name);
    if (found === undefined) missing.add(rootOf(name));
    return found;
  });
  if (missing.size > 0) {
    throw new Failure(`Expected to find variables: ${[...missing].sort().join(", ")}`);
  }
  return result;
}

type Find = (name: string) => unknown;

function walk(node: unknown, find: Find): unknown {
  if (typeof node === "string") return interpolateText(node, find);
  if (Array.isArray(node)) return node.map((item) => walk(item, find));
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      String(interpolateText(key, find)),
      walk(value, find),
    ]),
  );
}

function interpolateText(text: string, find: Find): unknown {
  const whole = new RegExp(`^${placeholder.source}$`, "u").exec(text);
  if (whole?.[1] !== undefined) return find(whole[1]);
  return text.replace(placeholder, (match, name: string) => {
    const value = find(name);
    if (value === undefined) return match;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw new Failure(
      `Invalid type '${Array.isArray(value) ? "list" : "map"}' for value and variable '${name}'. Supported types for interpolation within a string are integers and strings.`,
    );
  });
}

function lookUp(variables: Variables, placeholderName: string): unknown {
  const [root = "", ...fields] = placeholderName.replace(/^!/, "").split(".");
  let value: unknown = own(variables, root);
  for (const field of fields) value = own(value, field);
  return value;
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function rootOf(name: string): string {
  return name.replace(/^!/, "").split(".")[0] ?? name;
}
