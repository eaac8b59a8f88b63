import assert from "node:assert/strict";
import { systemClock } from "#kernel/clock/system-clock.ts";

/** Waits for what the kernel does in its own time, at most a minute. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3_000 && !holds(); tries += 1) await systemClock.sleep(20);
  assert.ok(holds(), `still not: ${holds.toString()}`);
}
