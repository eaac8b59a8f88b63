import { useEffect, useState } from "preact/hooks";
import type { PlatformApi } from "../api/platform-api.ts";
import { usePlatform } from "../platform.ts";
import { SignedOut } from "../sign-in/session.ts";

/** What is followed, and `show`, which does nothing once another thing is looked at. */
export interface Following<T> {
  readonly api: PlatformApi;
  readonly guid: string;
  readonly signal: AbortSignal;
  readonly show: (change: (before: T) => T) => void;
}

/**
 * The state of a log from `start` on, as `follow` has it grow while the view is open; another `guid` begins anew.
 * `follow` and `start` are the same at every call.
 */
export function useFollowed<T>(
  guid: string,
  start: T,
  follow: (following: Following<T>) => Promise<void>,
): T {
  const { api, signedOut } = usePlatform();
  const [log, setLog] = useState<T>(start);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    setLog(start);
    const show = (change: (before: T) => T) => {
      if (!signal.aborted) setLog(change);
    };
    follow({ api, guid, signal, show }).catch((error: unknown) => {
      if (signal.aborted) return;
      if (error instanceof SignedOut) signedOut();
      else throw error;
    });
    return () => ended.abort();
  }, [guid]);
  return log;
}

/** Why nothing comes just now; a login that is over is no matter of a pause, and is thrown on. */
export function failureOf(error: unknown): Error {
  if (error instanceof SignedOut) throw error;
  return error instanceof Error ? error : new Error(String(error));
}
