import { isAlias, isScalar, parseDocument, visit, type Scalar } from "yaml";
import { CfError, unprocessable } from "../http/cf-errors.ts";

/** Bytes of a manifest. */
export const maximumManifestBytes = 1024 * 1024;

/** All are made in one transaction before the job begins, so there is an end to them. */
const maximumApplications = 1000;

/** More `[` or `{` than this inside each other are no manifest; the parser would run out of stack on thousands. */
const maximumFlowDepth = 100;

export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

export type YamlMap = { readonly [key: string]: YamlValue };

/**
 * The applications of a manifest as plain values, nothing looked at but their being maps. Anchors, aliases, tags,
 * duplicate keys and several documents are refused, as Cloud Controller refuses them.
 */
export function parseManifest(body: unknown): readonly YamlMap[] {
  const root = parseYaml(textOf(body));
  if (!isMap(root)) throw new CfError("MessageParseError");
  const { version, applications } = root;
  if (version !== undefined && version !== null && version !== 1) {
    throw unprocessable("Unsupported manifest schema version. Currently supported versions: [1].");
  }
  if (isBlank(applications)) {
    throw unprocessable("Cannot parse manifest with no 'applications' field.");
  }
  if (!Array.isArray(applications)) {
    throw unprocessable("Applications must be an array of application configurations");
  }
  if (applications.length > maximumApplications) {
    throw unprocessable(`A manifest has at most ${maximumApplications} applications.`);
  }
  return applications.map((application: YamlValue) => {
    if (!isMap(application)) {
      throw unprocessable("Applications must be an array of application configurations");
    }
    return application;
  });
}

function isBlank(value: YamlValue | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === "" ||
    (Array.isArray(value) && value.length === 0)
  );
}

function textOf(body: unknown): string {
  if (!Buffer.isBuffer(body)) {
    throw new CfError("BadRequest", "Bad request: Content-Type must be yaml");
  }
  if (body.length > maximumManifestBytes) {
    throw new CfError(
      "BadRequest",
      "Bad request: Manifest size is too large. The maximum supported size is 1MB.",
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (error) {
    throw new CfError("MessageParseError", [], { cause: error });
  }
}

function parseYaml(text: string): YamlValue {
  if (text.includes("\u0000") || nestsTooDeep(text)) throw new CfError("MessageParseError");
  let root: unknown;
  try {
    const document = parseDocument(text, { uniqueKeys: true, merge: false });
    if (document.errors.length > 0 || document.warnings.length > 0) {
      throw document.errors[0] ?? document.warnings[0];
    }
    visit(document, {
      Node(_key, node) {
        if (isScalar(node)) node.value = exactValue(node);
        // An anchor that no alias names is no fault, to Psych neither.
        if (isAlias(node)) {
          throw new CfError(
            "BadRequest",
            "Bad request: Manifest does not support Anchors and Aliases",
          );
        }
      },
    });
    root = document.toJS({ mapAsMap: true });
  } catch (error) {
    if (error instanceof CfError) throw error;
    throw new CfError("MessageParseError", [], { cause: error });
  }
  return plain(root);
}

/**
 * `1.0` and numbers too large for us stay as they are written: as the value of a variable they are texts. Where a number
 * is asked for they are none.
 */
function exactValue({ value, source }: Scalar): unknown {
  if (typeof value !== "number" || source === undefined || !/^[-+]?\d[\d.]*$/.test(source)) {
    return value;
  }
  return /\.\d*0$|\.$/.test(source) || (Number.isInteger(value) && !Number.isSafeInteger(value))
    ? source
    : value;
}

/** Counts brackets outside of what is quoted or a comment; a stray one in plain text only makes the count larger. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if ((character === "]" || character === "}") && depth > 0) depth -= 1;
    if (depth > maximumFlowDepth) return true;
  }
  return false;
}

/** Maps become objects without a prototype, so that no key means more than itself. */
function plain(value: unknown): YamlValue {
  if (value instanceof Map) {
    const map: Record<string, YamlValue> = Object.create(null);
    for (const [key, item] of value) map[String(key)] = plain(item);
    return map;
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  throw new CfError("MessageParseError");
}

export function isMap(value: YamlValue | undefined): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A scalar as text; a list or map, which is none, as JSON. */
export function textOfValue(value: YamlValue | undefined): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
