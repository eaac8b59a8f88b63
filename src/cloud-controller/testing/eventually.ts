import { systemClock } from "#kernel/clock/system-clock.ts";

/** Asks again until there is an answer; for states that another part reaches on its own. At most a minute: machines may be busy. */
export async function eventually<T>(check: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < 3_000; round += 1) {
    const answer = await check();
    if (answer !== undefined) return answer;
    await systemClock.sleep(20);
  }
  throw new Error("it did not happen within a minute");
}
