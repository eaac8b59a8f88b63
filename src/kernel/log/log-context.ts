import { AsyncLocalStorage } from "node:async_hooks";
import type { LogData } from "./logger.ts";

const context = new AsyncLocalStorage<LogData>();

/** Whatever is logged by `work`, and by what it starts, carries `data`: the id of the request, wherever the line is. */
export function withLogData<Result>(data: LogData, work: () => Result): Result {
  return context.run({ ...context.getStore(), ...data }, work);
}

export function currentLogData(): LogData {
  return context.getStore() ?? {};
}
