import { AsyncLocalStorage } from "node:async_hooks";
import type { LogData } from "./logger.ts";

const context = new AsyncLocalStorage<LogData>();
const nothing: LogData = {};

/** Whatever is logged by `work`, and by what it starts, carries `data`: the id of the request, wherever the line is. */
export function withLogData<Result>(data: LogData, work: () => Result): Result {
  return context.run({ ...context.getStore(), ...data }, work);
}

/**
 * What serves many is set going by one of them: a queue's sender, a writer of groups. Whatever `work` logs belongs to
 * none, unless it says otherwise itself.
 */
export function withoutLogData<Result>(work: () => Result): Result {
  return context.run(nothing, work);
}

/** For what waits in a queue that others work off: `work` logs as if it ran here and now. */
export function inThisContext<Arguments extends unknown[], Result>(
  work: (...given: Arguments) => Result,
): (...given: Arguments) => Result {
  const data = currentLogData();
  return (...given) => context.run(data, () => work(...given));
}

export function currentLogData(): LogData {
  return context.getStore() ?? nothing;
}
