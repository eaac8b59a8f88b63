import type { CellChannel } from "./cell-channel.ts";

/** Has the platform keep what a script finds, so that a failed staging can go on from there. */
export interface Snapshots {
  /** Returns once it is kept, or cannot be. With `isFirst` nothing has run: whoever goes on from there begins anew. */
  before(script: string, facts: { readonly buildpack: string; readonly isFirst: boolean }): void;
}

export const noSnapshots: Snapshots = { before: () => undefined };

/** The cell gives up after a quarter of that, so that what it does never meets a script that runs already. */
const patienceMs = 60_000;

/**
 * Asks in a line `{"snapshot": SCRIPT, "buildpack": KEY}` and waits for the answer. The builder itself holds nothing open in what is
 * kept, and stands elsewhere.
 */
export function askForSnapshots(channel: CellChannel): Snapshots {
  let mayAsk = true;
  return {
    before(script, { buildpack, isFirst }) {
      if (!mayAsk) return;
      const line = { snapshot: script, buildpack };
      try {
        channel.forgetAnswers();
        // Of the first the cell has nothing to do but to know of it.
        if (isFirst) return channel.tell({ ...line, first: true });
        channel.tell(line);
        // A staging is worth more than its snapshots: where there is no answer none is asked for any more.
        mayAsk = channel.waitForAnswer(patienceMs);
      } catch {
        mayAsk = false;
      }
    },
  };
}
