import { throwIfCancelled, type Step } from "./step.ts";

/** One after the other; the first failure ends it. Ready when its last step is. */
export function serialStep(steps: readonly Step[]): Step {
  return async (signal, ready) => {
    for (const [at, step] of steps.entries()) {
      throwIfCancelled(signal);
      await step(signal, at === steps.length - 1 ? ready : () => undefined);
    }
  };
}
