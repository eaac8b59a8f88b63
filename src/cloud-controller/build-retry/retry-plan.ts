import type { KeptTask } from "#diego/cell/rep/client.ts";
import type { Build } from "../builds/build-table.ts";

/** How a failed staging goes on. */
export interface RetryPlan {
  /** `supply:1`. */
  readonly script: string;
  /** Whether the script is the first one: then it begins with package and cache, as every staging does. */
  readonly isFirst: boolean;
  /** Of its buildpack, among those that run. */
  readonly index: number;
  /** The buildpacks of the new build, which detects nothing. */
  readonly buildpacks: readonly string[];
}

export type PlannedRetry =
  | { readonly kind: "planned"; readonly plan: RetryPlan }
  | { readonly kind: "refused"; readonly reason: string };

/** From a script that was asked for, or from the one that failed. `nameOf` gives a buildpack's name for its key. */
export function planRetry(
  build: Pick<Build, "buildpacks">,
  snapshots: KeptTask["snapshots"],
  {
    from,
    nameOf,
  }: {
    readonly from: string | undefined;
    readonly nameOf: (key: string) => string | undefined;
  },
): PlannedRetry {
  const failed = snapshots.at(-1);
  if (failed === undefined) {
    return refused(
      "There is nothing to go on from: the staging failed before its first script began, or its cell cannot keep what scripts find. Stage again",
    );
  }
  const chosen = from === undefined ? failed : snapshots.find(({ script }) => script === from);
  if (chosen === undefined) {
    const known = snapshots.map(({ script }) => script).join(", ");
    return refused(`This staging cannot go on from "${from}". It can from ${known}`);
  }
  const { script, isFirst, buildpack } = chosen;
  // One that was detected runs alone.
  const buildpacks = build.buildpacks.length > 0 ? build.buildpacks : [nameOf(buildpack)];
  const named = buildpacks.filter((name) => name !== undefined);
  if (named.length < buildpacks.length) {
    return refused("The buildpack that staged it is not there any more. Stage again");
  }
  const index = Number(script.split(":").at(-1));
  return { kind: "planned", plan: { script, isFirst, index, buildpacks: named } };
}

function refused(reason: string): PlannedRetry {
  return { kind: "refused", reason };
}
