import { useEffect, useState } from "preact/hooks";
import { ApiFailure } from "../api/platform-api.ts";
import { SignedOut } from "../sign-in/session.ts";

/** What a view has of something that is asked for again and again. */
export type Live<T> =
  | { readonly kind: "loading" }
  /** `failure`: the newest try went wrong, and this is the state before it. */
  | { readonly kind: "shown"; readonly value: T; readonly failure?: Error }
  | { readonly kind: "failed"; readonly failure: Error };

export interface Rhythm {
  /** Milliseconds between an answer and the next question; doubled, to a minute at most, while nothing answers. */
  readonly everyMs: number;
}

/**
 * Asks `load` while the view is open and the tab is looked at. `key` names what is asked for: another one begins
 * anew. A login that is over is `signedOut`'s to deal with.
 */
export function useLive<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  options: Rhythm & { readonly signedOut: () => void },
): Live<T> {
  const [state, setState] = useState<{ key: string; live: Live<T> }>({
    key,
    live: { kind: "loading" },
  });
  useEffect(() => {
    const ended = new AbortController();
    void poll(load, { ...options, signal: ended.signal }, (update) =>
      setState((before) => ({
        key,
        live: update(before.key === key ? before.live : { kind: "loading" }),
      })),
    );
    return () => ended.abort();
    // The key stands for everything that `load` closes over.
  }, [key]);
  return state.key === key ? state.live : { kind: "loading" };
}

type Update<T> = (before: Live<T>) => Live<T>;

async function poll<T>(
  load: (signal: AbortSignal) => Promise<T>,
  options: Rhythm & { readonly signedOut: () => void; readonly signal: AbortSignal },
  show: (update: Update<T>) => void,
): Promise<void> {
  const { signal, everyMs } = options;
  let waitMs = everyMs;
  while (!signal.aborted) {
    try {
      const value = await load(signal);
      if (signal.aborted) return;
      show(() => ({ kind: "shown", value }));
      waitMs = everyMs;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SignedOut) return options.signedOut();
      const failure = error instanceof Error ? error : new Error(String(error));
      show((before) =>
        before.kind === "shown" && !isGone(failure)
          ? { ...before, failure }
          : { kind: "failed", failure },
      );
      waitMs = Math.min(waitMs * 2, 60_000);
    }
    await pause(waitMs, signal);
    await looked(signal);
  }
}

/** Deleted while it was looked at: the state before is no state any more. */
function isGone(failure: Error): boolean {
  return failure instanceof ApiFailure && failure.status === 404;
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** At once where the tab is looked at, else when it is. */
function looked(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true });
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
