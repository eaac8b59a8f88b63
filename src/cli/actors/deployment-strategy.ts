/** How running instances are replaced; without a strategy they are stopped before the new ones start. */
export interface DeploymentStrategy {
  readonly strategy: "rolling" | "canary" | undefined;
  readonly maxInFlight: number | undefined;
  /** Weights in per cent of a canary deployment. */
  readonly steps: readonly number[] | undefined;
  /** The first healthy instance is enough. */
  readonly noWait: boolean;
}
