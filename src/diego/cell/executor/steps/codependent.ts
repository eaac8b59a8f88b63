import { joinFailures, StepFailure, type Step } from "./step.ts";
import { whenAllReady } from "./ready.ts";

/**
 * All at once, and none without the others: as soon as one ends the rest are cancelled. With `endIsFailure` also an end
 * without an error is one, as in the codependent action of an app and its sidecars; without it only a failure ends
 * the others, as between an action and its health check (an action that ends well has put itself in the background).
 */
export function codependentStep(
  steps: readonly Step[],
  options: { readonly endIsFailure: boolean },
): Step {
  return async (signal, ready) => {
    const others = new AbortController();
    const all = AbortSignal.any([signal, others.signal]);
    const readies = whenAllReady(steps.length, ready);
    const errors: unknown[] = [];
    await Promise.all(
      steps.map(async (step, at) => {
        try {
          await step(all, readies(at));
          if (!options.endIsFailure) return;
          throw new StepFailure("Codependent step exited");
        } catch (error) {
          errors.push(error);
          others.abort();
        }
      }),
    );
    if (errors.length > 0) throw joinFailures(errors);
  };
}
