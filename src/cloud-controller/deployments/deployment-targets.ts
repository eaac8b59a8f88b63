import type { Deployment } from "./deployment-table.ts";

/** How many web instances a deployment wants now. */
export interface Targets {
  /** Of the new process. */
  readonly deploying: number;
  /** Of all that serve, old and new. */
  readonly total: number;
}

type Sized = Pick<
  Deployment,
  | "state"
  | "strategy"
  | "originalWebInstances"
  | "webInstances"
  | "canarySteps"
  | "canaryCurrentStep"
>;

export function targetsOf(deployment: Sized): Targets {
  if (deployment.state !== "PREPAUSED") {
    const wanted = deployment.webInstances ?? deployment.originalWebInstances;
    return { deploying: wanted, total: wanted };
  }
  const { canary, original } = canaryStep(deployment);
  return { deploying: canary, total: canary + original };
}

/** New and old instances of the canary step that the deployment is at. */
export function canaryStep(deployment: Omit<Sized, "state">): {
  readonly canary: number;
  readonly original: number;
} {
  const { canarySteps, canaryCurrentStep, originalWebInstances, webInstances } = deployment;
  const weight = canarySteps?.[(canaryCurrentStep ?? 1) - 1];
  if (weight === undefined) return { canary: 1, original: originalWebInstances };
  const instances = Math.min(webInstances ?? originalWebInstances, originalWebInstances);
  const canary = Math.max(Math.round((instances * weight) / 100), 1);
  // One more than the rest: an old instance goes only once a new one has taken its place.
  return { canary, original: weight === 100 ? 0 : instances - canary + 1 };
}

/** With how many instances the new process begins. */
export function startingInstances(
  deployment: Omit<Sized, "state"> & Pick<Deployment, "maxInFlight">,
): number {
  const { strategy, webInstances, originalWebInstances, maxInFlight } = deployment;
  const wanted =
    strategy === "canary" ? canaryStep(deployment).canary : (webInstances ?? originalWebInstances);
  return Math.min(maxInFlight, wanted);
}
