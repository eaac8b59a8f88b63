import type { InstanceCounts } from "../processes/instance-reports.ts";
import type { DeploymentState } from "./deployment-table.ts";
import type { Targets } from "./deployment-targets.ts";

export interface WebProcess {
  readonly guid: string;
  /** As desired now. */
  readonly instances: number;
  readonly counts: InstanceCounts;
  /** How the deployment that made it was superseded; undefined: it was not, or none made it. */
  readonly superseded: "while-deploying" | "while-canceled" | undefined;
}

export interface DeploymentFacts {
  readonly state: DeploymentState;
  readonly maxInFlight: number;
  readonly originalWebInstances: number;
  readonly targets: Targets;
  /** Its own new web process. */
  readonly deploying: WebProcess;
  /** All other web processes of the app, the oldest first. */
  readonly others: readonly WebProcess[];
}

/** What to write in one round. `remove` names processes that go, `instances` those that change their number. */
export interface DeploymentPlan {
  /** `wait`: nothing; `scale`: the numbers alone; the others: the state that the deployment comes to, too. */
  readonly outcome: "wait" | "scale" | "pause" | "finish" | "cancel";
  readonly instances: ReadonlyMap<string, number>;
  readonly remove: readonly string[];
  /** The new instances are well and may grow in number. */
  readonly isHealthy: boolean;
}

const nothing: DeploymentPlan = {
  outcome: "wait",
  instances: new Map(),
  remove: [],
  isHealthy: false,
};

/**
 * One step of a deployment, by the rules of the original's updater. New instances come up `maxInFlight` at a time, and
 * only while none of them is unwell; as many old ones go as new ones are routable, so that the number which serves never
 * falls below the target. There is no time limit: a deployment whose instances do not become well waits.
 */
export function planDeployment(facts: DeploymentFacts): DeploymentPlan {
  switch (facts.state) {
    case "DEPLOYING":
    case "PREPAUSED":
      return planScale(facts);
    case "CANCELING":
      return planCancel(facts);
    case "PAUSED":
    case "DEPLOYED":
    case "CANCELED":
      return nothing;
  }
}

function planScale(facts: DeploymentFacts): DeploymentPlan {
  const { deploying, maxInFlight, targets } = facts;
  const { starting, routable, unhealthy } = deploying.counts;
  const others = withoutCanceled(facts.others);
  const excess = sumOf(others) - Math.max(targets.total - routable, 0);
  // Fewer routable than were asked for before the last step: Diego has not caught up yet.
  const mayGrow =
    starting < maxInFlight && unhealthy === 0 && routable >= deploying.instances - maxInFlight;
  const instances = new Map(changesOf(facts.others, others));
  if (!mayGrow && excess <= 0 && instances.size === 0) return nothing;

  const remove: string[] = [];
  let left = excess;
  for (const process of others) {
    if (left <= 0) break;
    if (process.instances === 0) continue;
    const remaining = Math.max(process.instances - left, 0);
    left -= process.instances - remaining;
    // The oldest stays at 0 until the end: a cancel brings it back.
    const isOriginal = process.guid === others[0]?.guid;
    if (remaining > 0 || isOriginal) instances.set(process.guid, remaining);
    else remove.push(process.guid);
  }
  if (deploying.instances >= targets.deploying && routable >= targets.deploying) {
    return finish(facts, { instances, remove });
  }
  if (mayGrow) {
    const wanted = Math.min(routable + maxInFlight, targets.deploying);
    if (wanted !== deploying.instances) instances.set(deploying.guid, wanted);
  }
  const isChange = instances.size + remove.length > 0;
  return { outcome: isChange ? "scale" : "wait", instances, remove, isHealthy: mayGrow };
}

function finish(
  facts: DeploymentFacts,
  scaled: Pick<DeploymentPlan, "instances" | "remove">,
): DeploymentPlan {
  if (facts.state === "PREPAUSED") return { outcome: "pause", ...scaled, isHealthy: true };
  const remove = facts.others.map(({ guid }) => guid);
  return { outcome: "finish", instances: new Map(), remove, isHealthy: true };
}

/**
 * Back to the newest process of a superseded deployment that has come to run, else to the oldest one. Where nothing of
 * it runs any more (a canary of 100 %), what serves now goes only once something of it does.
 */
function planCancel({ deploying, others, originalWebInstances }: DeploymentFacts): DeploymentPlan {
  const interim = others.findLast(
    (process) => process.superseded === "while-deploying" && process.counts.running > 0,
  );
  const kept = interim ?? others[0];
  // It cannot be alone: the process that it replaces goes only when the deployment is over.
  if (kept === undefined) return { ...nothing, outcome: "cancel" };
  const instances = new Map(
    kept.instances === originalWebInstances ? [] : [[kept.guid, originalWebInstances]],
  );
  const all = [...others, deploying];
  const isServedByOthers = all.some((process) => process !== kept && process.counts.routable > 0);
  if (originalWebInstances > 0 && kept.counts.routable === 0 && isServedByOthers) {
    const outcome = instances.size > 0 ? "scale" : "wait";
    return { outcome, instances, remove: [], isHealthy: false };
  }
  const remove = all.filter((process) => process !== kept).map(({ guid }) => guid);
  return { outcome: "cancel", instances, remove, isHealthy: false };
}

/**
 * Instances of a deployment that was given up (a canary superseded while it was looked at) go at once, unless they are
 * all that serves: then they go one for one, like the others.
 */
function withoutCanceled(others: readonly WebProcess[]): readonly WebProcess[] {
  const emptied = others.map((process) =>
    process.superseded === "while-canceled" ? { ...process, instances: 0 } : process,
  );
  return sumOf(emptied) > 0 ? emptied : others;
}

function changesOf(
  before: readonly WebProcess[],
  after: readonly WebProcess[],
): readonly (readonly [string, number])[] {
  return after.flatMap((process, index) =>
    process.instances === before[index]?.instances ? [] : [[process.guid, process.instances]],
  );
}

function sumOf(processes: readonly WebProcess[]): number {
  return processes.reduce((sum, process) => sum + process.instances, 0);
}
