import { joinFailures, type Step } from "./step.ts";
import { whenAllReady } from "./ready.ts";

/** All at once; waits for every one, and fails with what any of them failed with. */
export function parallelStep(steps: readonly Step[]): Step {
  return async (signal, ready) => {
    const readies = whenAllReady(steps.length, ready);
    const results = await Promise.allSettled(steps.map((step, at) => step(signal, readies(at))));
    const errors = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : [],
    );
    if (errors.length > 0) throw joinFailures(errors);
  };
}
