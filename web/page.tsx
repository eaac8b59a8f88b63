import { useEffect, useRef, useState } from "preact/hooks";
import { PlatformApi } from "./api/platform-api.ts";
import { EmptyView } from "./parts/notice.tsx";
import { PlatformContext, type Platform } from "./platform.ts";
import type { Session } from "./sign-in/session.ts";
import { AppView } from "./views/app-view.tsx";
import { AppsView } from "./views/apps-view.tsx";
import { BuildView } from "./views/build-view.tsx";
import { parseView, type View } from "./views/view-address.ts";

/** The signed-in page: a bar, and the view that the address names. */
export function Page(props: {
  readonly root: URL;
  readonly session: Session;
  readonly appsPort: string | undefined;
  readonly signedOut: () => void;
  readonly signOut: () => void;
}) {
  const { root, session, appsPort, signedOut } = props;
  const [platform] = useState<Platform>(() => ({
    api: new PlatformApi(root, session),
    appsPort,
    signedOut,
  }));
  const view = useView();
  const main = useRef<HTMLElement>(null);
  const address = viewKey(view);
  const shown = useRef(address);
  // As a new page would: a screen reader begins at the view, the keyboard too.
  useEffect(() => {
    if (shown.current === address) return;
    shown.current = address;
    main.current?.focus();
    scrollTo(0, 0);
  }, [address]);
  return (
    <PlatformContext.Provider value={platform}>
      <header class="bar">
        <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
          Skip to the content
        </a>
        <a class="brand" href="#/">
          Rivera
        </a>
        <span class="bar-user">{session.userName}</span>
        <button type="button" onClick={props.signOut}>
          Sign out
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Content key={address} view={view} />
      </main>
    </PlatformContext.Provider>
  );
}

function Content({ view }: { readonly view: View }) {
  switch (view.name) {
    case "apps":
      return <AppsView view={view} />;
    case "app":
      return <AppView guid={view.guid} part={view.part} />;
    case "build":
      return <BuildView guid={view.guid} part={view.part} />;
    case "nothing":
      return (
        <EmptyView title="There is no such view">
          <p>
            <a href="#/">All apps</a>
          </p>
        </EmptyView>
      );
  }
}

/** Of one subject; its parts change without the view beginning anew. */
function viewKey(view: View): string {
  return view.name === "app" || view.name === "build" ? `${view.name} ${view.guid}` : view.name;
}

function useView(): View {
  const [view, setView] = useState(() => parseView(location.hash));
  useEffect(() => {
    const follow = () => setView(parseView(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return view;
}

/** The hash is the view's address, so this link moves by hand. */
function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault();
  target?.focus();
}
