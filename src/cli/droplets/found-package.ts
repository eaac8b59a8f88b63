import { PackageURL } from "packageurl-js";

/** The types of package URLs for what a droplet may hold. */
export type Ecosystem = "composer" | "gem" | "golang" | "maven" | "npm" | "pypi";

/**
 * How a package came to be known. `installed`: its own files lie in the droplet. `in-tree`: a lock file names a folder of the
 * app. `locked`: a lock file names it, and what was installed of it is not known.
 */
type Evidence = "installed" | "in-tree" | "locked";

export interface FoundPackage {
  readonly ecosystem: Ecosystem;
  /** npm scope, Maven group, Composer vendor, or the module path before its last part. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Undefined where a list of requirements pins none. */
  readonly version: string | undefined;
  readonly evidence: Evidence;
}

/** Finds packages in one kind of file. */
export interface PackageReader {
  readonly files: RegExp;
  /** Larger ones are not read, and that is said. */
  readonly mostBytes: number;
  /** Throws where the content is not of the form that the name promises. */
  read(content: Buffer, path: string): Promise<FoundPackage[]> | FoundPackage[];
}

/** Finds packages by the names of files alone. */
export interface NameReader {
  readonly files: RegExp;
  read(path: string): FoundPackage[];
}

export const lockFileBytes: number = 16 * 1024 * 1024;

/** Splits `@scope/name`, `vendor/name` or a module path at its last slash. */
export function splitName(whole: string): { namespace: string | undefined; name: string } {
  const slash = whole.lastIndexOf("/");
  if (slash <= 0) return { namespace: undefined, name: whole };
  return { namespace: whole.slice(0, slash), name: whole.slice(slash + 1) };
}

export function fullName({ ecosystem, namespace, name }: FoundPackage): string {
  if (namespace === undefined) return name;
  return `${namespace}${ecosystem === "maven" ? ":" : "/"}${name}`;
}

/**
 * The package URL, or undefined where none can be made: a name that the rules of its type forbid, or a jar whose group nothing
 * tells.
 */
export function packageUrl(found: FoundPackage): string | undefined {
  const { ecosystem, namespace, name, version } = found;
  if (ecosystem === "maven" && namespace === undefined) return undefined;
  try {
    return new PackageURL(ecosystem, namespace, name, version, undefined, undefined).toString();
  } catch {
    return undefined;
  }
}
