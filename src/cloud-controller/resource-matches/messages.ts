import { CfError, unprocessable } from "../http/cf-errors.ts";
import { InvalidZip } from "../packages/zip/invalid-zip.ts";
import { checkPath, isPlainPath } from "../packages/zip/check-entries.ts";

/** A file that the client has: what it asks about, and what it says is to come out of the cache. */
export interface RequestedResource {
  readonly sha1: string;
  readonly size: number;
  readonly path: string | null;
  /** Octal digits. */
  readonly mode: string | null;
}

const maximumResources = 5000;
/** Of one upload. Below it a check of all entries stays short; without it a small body of numbers held the API up. */
const maximumUploadResources = 200_000;
const defaultMode = "0744";

/** `POST /v3/resource_matches`: each kind of fault is reported once, as Cloud Controller does. */
export function parseResourceMatches(body: unknown): RequestedResource[] {
  const resources = isObject(body) ? body["resources"] : undefined;
  if (!Array.isArray(resources)) throw unprocessable("Resources must be an array");
  if (resources.length === 0) throw unprocessable("Resources must have at least 1 resource");
  if (resources.length > maximumResources) {
    throw unprocessable(`Resources array can have at most ${maximumResources} resources`);
  }
  return parseEntries(resources);
}

/**
 * The field `resources` of an upload: files in the form of V3 or of V2 (`sha1`, `size`, `fn`, `mode`), or matches that `matched`
 * knows (`{"reference": ...}`), each for all of its files.
 */
export function parseUploadResources<Matched extends UploadResource>(
  text: string,
  matched: (reference: string) => readonly Matched[] | undefined,
): (UploadResource | Matched)[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CfError("UnprocessableEntity", "Resources must be valid JSON.", { cause: error });
  }
  if (!Array.isArray(parsed)) throw unprocessable("Resources must be valid JSON.");
  if (parsed.length > maximumUploadResources) {
    throw unprocessable(`Resources array can have at most ${maximumUploadResources} resources`);
  }
  const named = new Array<Matched>();
  const listed = new Array<unknown>();
  for (const entry of parsed) {
    if (!isReference(entry)) {
      listed.push(asV3(entry));
      continue;
    }
    const files = matched(entry.reference);
    if (files === undefined) throw unprocessable("Resources refer to a match that is not known");
    for (const file of files) named.push(file);
  }
  const resources = [...named, ...parseEntries(listed).map(toUploadResource)];
  const paths = new Set<string>();
  for (const { path } of resources) {
    if (paths.has(path)) throw unprocessable(`Resources name the path '${path}' twice`);
    paths.add(path);
  }
  return resources;
}

export interface UploadResource {
  readonly sha1: string;
  readonly size: number;
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

function parseEntries(resources: readonly unknown[]): RequestedResource[] {
  const faults = new Set<string>();
  const parsed = resources.map((resource) => parseEntry(resource, (fault) => faults.add(fault)));
  if (faults.size > 0) throw unprocessable([...faults].join(", "));
  return parsed;
}

// By hand, not by Zod: there are 5,000 entries a request, and Zod's objects cost as much as all the rest of it.
function parseEntry(resource: unknown, report: (fault: string) => void): RequestedResource {
  const having = (what: string) => `Resources array contains at least one resource with ${what}`;
  if (!isObject(resource)) {
    report("Resources array contains at least one non-object");
    return { sha1: "", size: 0, path: null, mode: null };
  }
  const { checksum, size_in_bytes: size, path, mode } = resource;
  const sha1 = isObject(checksum) ? checksum["value"] : undefined;
  if (!isObject(checksum)) report(having("a non-object checksum"));
  else if (typeof sha1 !== "string") report(having("a non-string checksum value"));
  else if (!/^[0-9a-fA-F]{40}$/.test(sha1)) report(having("a non-SHA1 checksum value"));
  const isSize = typeof size === "number" && Number.isSafeInteger(size);
  if (!isSize) report("All sizes must be non-negative integers");
  else if (size < 0) report("All sizes must be non-negative integers");
  if (path !== undefined && path !== null && !isSafePath(path)) {
    report(having("an unsafe path"));
  }
  if (mode !== undefined && mode !== null && !isMode(mode)) report(having("an incorrect mode"));
  return {
    sha1: typeof sha1 === "string" ? sha1.toLowerCase() : "",
    size: isSize ? size : 0,
    path: typeof path === "string" ? path : null,
    mode: typeof mode === "string" ? mode : null,
  };
}

function isMode(mode: unknown): mode is string {
  return typeof mode === "string" && /^[0-7]{1,6}$/.test(mode);
}

function isSafePath(path: unknown): path is string {
  if (typeof path !== "string") return false;
  if (isPlainPath(path)) return true;
  try {
    checkPath(path);
    return true;
  } catch (error) {
    if (error instanceof InvalidZip) return false;
    throw error;
  }
}

/** What an upload needs; no file of a match is without it. @throws where that is no file that an upload may name */
export function toUploadResource(resource: RequestedResource): UploadResource {
  const { sha1, size, path } = resource;
  if (path === null) throw unprocessable("Resources must have a path");
  const mode = Number.parseInt(resource.mode ?? defaultMode, 8) & 0o777;
  if ((mode & 0o600) !== 0o600) {
    throw unprocessable(
      `File mode '${resource.mode}' with path '${path}' is invalid. Minimum file mode is '0600'`,
    );
  }
  return { sha1, size, path, mode };
}

function isReference(entry: unknown): entry is { readonly reference: string } {
  return isObject(entry) && typeof entry["reference"] === "string";
}

function asV3(resource: unknown): unknown {
  if (!isObject(resource) || resource["sha1"] === undefined) return resource;
  const { sha1, size, fn, mode } = resource;
  return { checksum: { value: sha1 }, size_in_bytes: size, path: fn, mode };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
