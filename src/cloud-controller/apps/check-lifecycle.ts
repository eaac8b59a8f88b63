import type { CloudControllerLimits } from "../config.ts";
import type { Executor } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { stackVerdict } from "../stacks/stack-state.ts";
import type { App, Lifecycle, LifecycleType } from "./app-table.ts";
import { isBuildpackUri } from "../buildpacks/buildpack-uri.ts";
import type { LifecycleMessage } from "./messages.ts";

/**
 * The lifecycle that an app is to have: what the message gives over what it has (or the platform's default), with the
 * stack and the admin buildpacks looked up.
 *
 * @throws 422 with the texts of all that is wrong; 400 for a custom buildpack where they are disabled
 */
export async function resolveLifecycle(
  db: Executor,
  limits: Pick<CloudControllerLimits, "customBuildpacksDisabled">,
  message: LifecycleMessage | undefined,
  app: Pick<App, "guid" | "lifecycle"> | undefined,
): Promise<Lifecycle> {
  const current = app?.lifecycle;
  const type = message?.type ?? current?.type ?? "buildpack";
  if (current !== undefined && type !== current.type) {
    throw unprocessable(`Lifecycle type cannot be changed from ${current.type} to ${type}`);
  }
  await refuseDisabled(db, type);
  if (type === "docker") return dockerLifecycle(message);
  const stack = await resolveStack(db, message?.data.stack, current?.stack ?? null);
  const buildpacks = message?.data.buildpacks;
  const lifecycle: Lifecycle = {
    type,
    stack,
    buildpacks: buildpacks === undefined ? (current?.buildpacks ?? []) : (buildpacks ?? []),
  };
  if (type === "buildpack") await requireKnownBuildpacks(db, lifecycle);
  if (limits.customBuildpacksDisabled) refuseCustom(lifecycle.buildpacks);
  if (app === undefined || message?.data.stack !== undefined) {
    const verdict = await stackVerdict(db, { stack, appGuid: app?.guid });
    if (verdict.kind === "refused") throw unprocessable(verdict.reason);
  }
  return lifecycle;
}

/** @throws 400 CustomBuildpacksDisabled */
export function refuseCustom(buildpacks: readonly string[]): void {
  if (buildpacks.some(isBuildpackUri)) throw new CfError("CustomBuildpacksDisabled");
}

async function refuseDisabled(db: Executor, type: LifecycleType): Promise<void> {
  if (type === "docker") await requireEnabled(db, "diego_docker");
  if (type === "cnb") await requireEnabled(db, "diego_cnb");
}

function dockerLifecycle(message: LifecycleMessage | undefined): Lifecycle {
  const given = Object.keys(message?.data ?? {});
  if (given.length > 0) {
    throw unprocessable(`Lifecycle Unknown field(s): ${given.map((key) => `'${key}'`).join(", ")}`);
  }
  return { type: "docker", buildpacks: [], stack: null };
}

async function resolveStack(
  db: Executor,
  wanted: string | null | undefined,
  current: string | null,
): Promise<string> {
  if (wanted === undefined && current !== null) return current;
  if (wanted === undefined || wanted === null) {
    const standard = await db
      .selectFrom("stacks")
      .select("name")
      .where("isDefault", "=", 1)
      .executeTakeFirstOrThrow();
    return standard.name;
  }
  const stack = await db
    .selectFrom("stacks")
    .select("name")
    .where("name", "=", wanted)
    .executeTakeFirst();
  if (stack === undefined) throw unprocessable("Stack must be an existing stack");
  return stack.name;
}

async function requireKnownBuildpacks(db: Executor, lifecycle: Lifecycle): Promise<void> {
  const names = lifecycle.buildpacks.filter((entry) => !isBuildpackUri(entry));
  if (names.length === 0) return;
  const rows = await db
    .selectFrom("buildpacks")
    .select(["name", "filename"])
    .where("lifecycle", "=", "buildpack")
    .where("name", "in", [...names])
    .where((eb) => eb.or([eb("stack", "is", null), eb("stack", "=", lifecycle.stack)]))
    .execute();
  const faults = names.flatMap((name) => {
    const found = rows.filter((row) => row.name === name);
    if (found.length === 0) {
      return [
        `Buildpack "${name}" for stack "${lifecycle.stack ?? ""}" must be an existing admin buildpack or a valid git URI`,
      ];
    }
    return found.some((row) => row.filename !== null) ? [] : [`"${name}" must be in ready state`];
  });
  if (faults.length > 0) throw unprocessable(faults.join(", "));
}

/** What is to be told to whoever has just given an app this stack. */
export async function stackWarnings(
  db: Executor,
  app: Pick<App, "guid" | "lifecycle">,
): Promise<readonly string[]> {
  const verdict = await stackVerdict(db, { stack: app.lifecycle.stack, appGuid: app.guid });
  return verdict.kind === "usable" ? verdict.warnings : [];
}
