import type { Executor } from "../database/schema.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Buildpack } from "./buildpack-table.ts";
import { isBuildpackUri } from "./buildpack-uri.ts";

/** The buildpacks of one staging, in order. */
export interface BuildpackList {
  /** Whether the developer named them: then nothing is detected. */
  readonly skipDetect: boolean;
  readonly entries: readonly BuildpackEntry[];
}

export type BuildpackEntry =
  | { readonly kind: "admin"; readonly buildpack: Buildpack }
  | { readonly kind: "custom"; readonly url: string };

/**
 * The list that a build asks for, or all enabled buildpacks of the stack where it asks for none. A buildpack of the
 * stack comes before one of that name for all stacks.
 *
 * @throws 400 BuildpackInvalid where one of them is disabled; 422 where one is neither known nor a URL
 */
export async function resolveBuildpacks(
  db: Executor,
  asked: { readonly names: readonly string[]; readonly stack: string },
): Promise<BuildpackList> {
  const usable = await db
    .selectFrom("buildpacks")
    .selectAll()
    .where("lifecycle", "=", "buildpack")
    .where("filename", "is not", null)
    .where((eb) => eb.or([eb("stack", "is", null), eb("stack", "=", asked.stack)]))
    .orderBy("position")
    .execute();
  if (asked.names.length === 0) {
    const enabled = usable.filter((buildpack) => buildpack.enabled === 1);
    return {
      skipDetect: false,
      entries: enabled.map((buildpack) => ({ kind: "admin", buildpack })),
    };
  }
  const entries = asked.names.map((name) => toEntry(name, usable, asked.stack));
  const disabled = entries.flatMap((entry) =>
    entry.kind === "admin" && entry.buildpack.enabled === 0 ? [`'${entry.buildpack.name}'`] : [],
  );
  if (disabled.length > 0) {
    throw new CfError(
      "BuildpackInvalid",
      `Buildpack is invalid: Requested buildpack(s) ${disabled.join(", ")} are disabled and cannot be used for staging`,
    );
  }
  return { skipDetect: true, entries };
}

function toEntry(name: string, usable: readonly Buildpack[], stack: string): BuildpackEntry {
  const named = usable.filter((buildpack) => buildpack.name === name);
  const buildpack = named.find((candidate) => candidate.stack === stack) ?? named[0];
  if (buildpack !== undefined) return { kind: "admin", buildpack };
  if (isBuildpackUri(name)) return { kind: "custom", url: name };
  throw unprocessable(
    `Buildpack "${name}" for stack "${stack}" must be an existing admin buildpack or a valid git URI`,
  );
}
