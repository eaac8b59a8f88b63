import { StepCancelled, type Step } from "./step.ts";

/** A step for tests, which ends when the test says so, or with `StepCancelled` when it is cancelled. */
export class ScriptedStep {
  readonly events: string[] = [];
  readonly #end = Promise.withResolvers<void>();

  readonly step: Step = async (signal, ready) => {
    this.events.push("started");
    ready();
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => {
      this.events.push("cancelled");
      reject(new StepCancelled());
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    await Promise.race([this.#end.promise, promise]);
    this.events.push("ended");
  };

  succeed(): void {
    this.#end.resolve();
  }

  fail(error: Error): void {
    this.#end.reject(error);
  }
}

export function succeeding(): Step {
  return async (_signal, ready) => ready();
}

export function failing(error: Error): Step {
  return async (_signal, ready) => {
    ready();
    throw error;
  };
}
