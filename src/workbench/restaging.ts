import { Failure } from "#cli/failure.ts";

/** What a watched staging is made of. */
export interface Restaging {
  /** Tells contents apart; what it packs, the staging finds packed. @throws `Failure` while there is nothing to stage */
  content(signal: AbortSignal): Promise<string>;
  /** Rejects with the signal's reason where it is cancelled. */
  stage(signal: AbortSignal): Promise<void>;
  /** Resolves after a change, once it is quiet again. */
  changed(signal: AbortSignal): Promise<void>;
  say(what: Restaged): void;
}

export type Restaged =
  | { readonly kind: "waiting" }
  | { readonly kind: "changed" }
  | { readonly kind: "broken"; readonly reason: string };

/**
 * Stages at once, and again whenever the content has become another; a staging of content that is no longer there is
 * cancelled. Ends with the signal's reason.
 */
export async function restageOnChange(work: Restaging, signal: AbortSignal): Promise<never> {
  /** What the last staging that came to an end was made of. */
  let staged: string | undefined;
  let isFirst = true;
  for (;;) {
    const content = await contentOf(work, signal);
    if (content === undefined || content === staged) {
      await work.changed(signal);
      continue;
    }
    if (!isFirst) work.say({ kind: "changed" });
    isFirst = false;
    staged = (await stageUnlessChanged(work, content, signal)) ? content : undefined;
    if (staged !== undefined) work.say({ kind: "waiting" });
  }
}

/** Cancels it where the content becomes another before the staging is over; whether it came to its end. */
async function stageUnlessChanged(
  work: Restaging,
  content: string,
  signal: AbortSignal,
): Promise<boolean> {
  const outdated = new AbortController();
  const over = new AbortController();
  const looking = lookForChange(work, content, AbortSignal.any([signal, over.signal])).then(
    () => outdated.abort(new Error("The content has changed")),
    () => undefined,
  );
  try {
    await work.stage(AbortSignal.any([signal, outdated.signal]));
    return true;
  } catch (error) {
    if (!outdated.signal.aborted || signal.aborted) throw error;
    return false;
  } finally {
    over.abort();
    await looking;
  }
}

async function lookForChange(work: Restaging, content: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    await work.changed(signal);
    const now = await contentOf(work, signal);
    if (now !== undefined && now !== content) return;
  }
}

/** Undefined while the folders are in no state to be staged: somebody works in them. */
async function contentOf(work: Restaging, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await work.content(signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    work.say({ kind: "broken", reason: error.message });
    return undefined;
  }
}
