import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PlatformApi } from "./api/platform-api.ts";
import { useLive, type Live, type Rhythm } from "./live/live.ts";

/** What every view needs of the platform that it shows. */
export interface Platform {
  readonly api: PlatformApi;
  /** Where apps answer: the router's port, undefined where it is the scheme's own. */
  readonly appsPort: string | undefined;
  readonly signedOut: () => void;
}

export const PlatformContext = createContext<Platform | undefined>(undefined);

export function usePlatform(): Platform {
  const platform = useContext(PlatformContext);
  if (platform === undefined) throw new Error("A view stands outside the signed-in page");
  return platform;
}

/** What `load` gives of the platform, again and again while the view is open. */
export function usePlatformData<T>(
  key: string,
  load: (api: PlatformApi, signal: AbortSignal) => Promise<T>,
  rhythm: Rhythm = { everyMs: 4_000 },
): Live<T> {
  const { api, signedOut } = usePlatform();
  return useLive(key, (signal) => load(api, signal), { ...rhythm, signedOut });
}
