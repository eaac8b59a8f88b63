import { useEffect, useRef, useState } from "preact/hooks";
import { askForShell, loadBuildShell, type BuildShell } from "../api/build-shell.ts";
import type { Build } from "../api/records.ts";
import { explain, Notice, Shown } from "../parts/notice.tsx";
import { usePlatform, usePlatformData } from "../platform.ts";
import { connectShell, type ShellEnd } from "../terminal/shell-connection.ts";

/** The container of a failed staging, and a terminal in it. */
export function BuildTerminal({ build }: { readonly build: Build }) {
  const { guid, state } = build;
  const [session, setSession] = useState(0);
  const live = usePlatformData(`shell ${guid} ${state}`, (api, signal) =>
    loadBuildShell(api, guid, signal),
  );
  return (
    <section>
      <h2>Terminal</h2>
      <Shown live={live} what="the container">
        {(shell) => (
          <>
            <Container shell={shell} guid={guid} />
            {session > 0 ? (
              <OpenTerminal key={session} guid={guid} again={() => setSession(session + 1)} />
            ) : shell.available ? (
              <p>
                <button type="button" class="primary" onClick={() => setSession(1)}>
                  Open a terminal
                </button>
              </p>
            ) : null}
          </>
        )}
      </Shown>
    </section>
  );
}

function Container({ shell, guid }: { readonly shell: BuildShell; readonly guid: string }) {
  if (!shell.available) return <p>{shell.reason}.</p>;
  return (
    <>
      <p>
        The container is as it was when the staging failed. A terminal begins in{" "}
        <code>{shell.directory}</code>
        {shell.kept_until === null ? null : (
          <>
            ; it is kept until{" "}
            <time dateTime={shell.kept_until}>{clockText(shell.kept_until)}</time>, or until its
            place is needed
          </>
        )}
        .
      </p>
      {shell.script === null ? null : (
        <p class="terminal-script">
          What failed: <code>{shell.script.join(" ")}</code>
        </p>
      )}
      {shell.retry_from.length === 0 ? null : (
        <p class="terminal-script">
          Once it is mended, on from {shell.retry_from.at(-1)}:{" "}
          <code>rivera stage-retry {guid} [--buildpack DIR] [--files DIR]</code>
        </p>
      )}
    </>
  );
}

function clockText(instant: string): string {
  return new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

type State =
  | { readonly kind: "opening" }
  | { readonly kind: "open" }
  | { readonly kind: "over"; readonly end: ShellEnd }
  | { readonly kind: "refused"; readonly failure: Error };

function OpenTerminal({ guid, again }: { readonly guid: string; readonly again: () => void }) {
  const { api } = usePlatform();
  const place = useRef<HTMLDivElement>(null);
  const out = useRef<HTMLButtonElement>(null);
  const [state, setState] = useState<State>({ kind: "opening" });
  const hangUp = useRef<() => void>(() => undefined);
  useEffect(() => {
    const closing = new DisposableStack();
    const open = async (element: HTMLElement) => {
      const [{ openScreen }, { ticket, url }] = await Promise.all([
        import("../terminal/screen.ts"),
        askForShell(api, guid),
      ]);
      if (closing.disposed) return;
      const screen = closing.use(
        openScreen(element, {
          typed: (text) => connection.type(text),
          resized: (window) => connection.resize(window),
          left: () => out.current?.focus(),
        }),
      );
      const asked = { ticket, window: screen.window };
      const connection = connectShell(url, asked, (bytes) => screen.show(bytes));
      closing.defer(() => connection.close());
      hangUp.current = () => connection.close();
      setState({ kind: "open" });
      screen.focus();
      const end = await connection.ended;
      if (closing.disposed) return;
      screen.end();
      setState({ kind: "over", end });
      out.current?.focus();
    };
    if (place.current !== null) {
      open(place.current).catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error));
        if (!closing.disposed) setState({ kind: "refused", failure });
      });
    }
    return () => closing.dispose();
  }, [api, guid]);
  if (state.kind === "refused") {
    return <Notice title="No terminal was opened">{<p>{explain(state.failure)}</p>}</Notice>;
  }
  const isOver = state.kind === "over";
  return (
    <>
      <div ref={place} class="terminal-screen" />
      <div class="section-row">
        <p role="status" class={isOver ? undefined : "faint"}>
          {statusWords(state)}
        </p>
        <button
          ref={out}
          type="button"
          disabled={state.kind === "opening"}
          onClick={isOver ? again : () => hangUp.current()}
        >
          {isOver ? "Open another" : "Close the terminal"}
        </button>
      </div>
    </>
  );
}

function statusWords(state: Exclude<State, { kind: "refused" }>): string {
  switch (state.kind) {
    case "opening":
      return "Opening …";
    case "open":
      return "F6 leads out of the terminal.";
    case "over":
      return endWords(state.end);
  }
}

function endWords(end: ShellEnd): string {
  switch (end.kind) {
    case "exit":
      return `The shell has ended with status ${end.status}.`;
    case "ended":
      return `The terminal was closed. ${end.reason}.`;
    case "lost":
      return "The connection is closed.";
  }
}
