import type { DeploymentStrategy } from "../actors/deployment-strategy.ts";
import { cannotCombine, mustCombine, UsageFailure } from "../failure.ts";
import type { Flag } from "./flag.ts";
import { parseStrategy, parseSteps } from "./flag-values.ts";
import type { ParsedInput } from "./parsed-input.ts";

export const strategyFlag: Flag = {
  long: "strategy",
  takes: "value",
  description: "Deployment strategy can be canary, rolling or null.",
};

/** @param done what is done to that many instances, in the words of the command's help */
export function maxInFlightFlag(done: string): Flag {
  return {
    long: "max-in-flight",
    takes: "value",
    description: `Defines the maximum number of instances that will be ${done}. Only applies when --strategy flag is specified.`,
  };
}

export const instanceStepsFlag: Flag = {
  long: "instance-steps",
  takes: "value",
  description:
    "An array of percentage steps to deploy when using deployment strategy canary. (e.g. 20,40,60)",
};

export const noWaitFlag: Flag = {
  long: "no-wait",
  description: "Exit when the first instance of the web process is healthy",
};

export function readStrategy(input: ParsedInput): DeploymentStrategy {
  const strategy = parseStrategy(input.value("strategy"));
  const maxInFlight = input.value("max-in-flight");
  const steps = parseSteps(input.value("instance-steps"));
  if (maxInFlight !== undefined) {
    if (strategy === undefined) throw mustCombine("--max-in-flight", "--strategy");
    if (!/^\d+$/.test(maxInFlight) || Number(maxInFlight) < 1) {
      throw new UsageFailure("--max-in-flight must be greater than or equal to 1");
    }
  }
  if (steps !== undefined && strategy !== "canary") {
    throw cannotCombine("--instance-steps", "--strategy=rolling or --strategy not provided");
  }
  return {
    strategy,
    steps,
    maxInFlight: maxInFlight === undefined ? undefined : Number(maxInFlight),
    noWait: input.has("no-wait"),
  };
}
