import { useState } from "preact/hooks";
import type { App } from "../api/records.ts";
import { explain } from "../parts/notice.tsx";
import { usePlatform } from "../platform.ts";
import { SignedOut } from "../sign-in/session.ts";

type Doing = { readonly kind: "nothing" | "asking" } | { readonly kind: "refused"; reason: string };

/** Does one thing at a time and says what became of it where it was asked for. */
export function useAction(): {
  readonly doing: Doing;
  readonly act: (path: string, body?: object) => void;
} {
  const { api, signedOut } = usePlatform();
  const [doing, setDoing] = useState<Doing>({ kind: "nothing" });
  const act = async (path: string, body?: object) => {
    setDoing({ kind: "asking" });
    try {
      await api.post(path, body);
      setDoing({ kind: "nothing" });
    } catch (error) {
      if (error instanceof SignedOut) return signedOut();
      const reason = explain(error instanceof Error ? error : new Error(String(error)));
      setDoing({ kind: "refused", reason });
    }
  };
  return { doing, act: (path, body) => void act(path, body) };
}

export function AppActions({ app }: { readonly app: App }) {
  const { doing, act } = useAction();
  const to = (action: string) => () => act(`v3/apps/${app.guid}/actions/${action}`);
  const isBusy = doing.kind === "asking";
  return (
    <div class="actions">
      {doing.kind === "refused" ? (
        <span class="refusal" role="alert">
          {doing.reason}
        </span>
      ) : null}
      {app.state === "STOPPED" ? (
        <button type="button" disabled={isBusy} onClick={to("start")}>
          Start
        </button>
      ) : (
        <>
          <button type="button" disabled={isBusy} onClick={to("restart")}>
            Restart
          </button>
          <button type="button" disabled={isBusy} onClick={to("stop")}>
            Stop
          </button>
        </>
      )}
    </div>
  );
}
