import { render } from "preact";
import { useState } from "preact/hooks";
import { explain, Notice } from "./parts/notice.tsx";
import { Page } from "./page.tsx";
import { arrive, leaveForSignIn, type Arrival } from "./sign-in/sign-in.ts";
import { SignedOutView } from "./views/signed-out-view.tsx";

// The page lies at `rivera/` below the platform's origin, or below the path that a proxy puts that under.
const root = new URL("..", location.origin + location.pathname);
const uaa = new URL("uaa/", root);

function Door({ arrival }: { readonly arrival: Arrival }) {
  const [reason, setReason] = useState(arrival.kind === "refused" ? arrival.reason : undefined);
  const [session, setSession] = useState(
    arrival.kind === "signed-in" ? arrival.session : undefined,
  );
  if (session === undefined) {
    const signIn = () => void leaveForSignIn(uaa, { silently: false });
    return (
      <main>
        <SignedOutView reason={reason} signIn={signIn} />
      </main>
    );
  }
  const leave = (why: string | undefined) => {
    setReason(why);
    setSession(undefined);
    void session.end();
  };
  return (
    <Page
      root={root}
      session={session}
      appsPort={appsPort()}
      signedOut={() => leave("The login has ended. Sign in again.")}
      signOut={() => leave(undefined)}
    />
  );
}

function appsPort(): string | undefined {
  const meta = document.querySelector<HTMLMetaElement>("meta[name=apps-port]");
  return meta === null || meta.content === "" ? undefined : meta.content;
}

async function open(page: HTMLElement): Promise<void> {
  if (!isSecureContext) {
    render(
      <main>
        <Notice title="This address is not safe to sign in at" tone="bad">
          <p>
            Browsers sign in over HTTPS, or at an address of the machine itself such as{" "}
            <code>http://127.0.0.1:9080/rivera/</code>. Put a proxy with TLS in front of the
            platform.
          </p>
        </Notice>
      </main>,
      page,
    );
    return;
  }
  try {
    const arrival = await arrive(uaa);
    // Another tab may have logged in: UAA knows, and asks nobody.
    if (arrival.kind === "signed-out") return await leaveForSignIn(uaa, { silently: true });
    render(<Door arrival={arrival} />, page);
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    render(
      <main>
        <Notice title="The page cannot begin" tone="bad">
          <p>{explain(failure)} Then load the page again.</p>
        </Notice>
      </main>,
      page,
    );
  }
}

const page = document.querySelector<HTMLElement>("#page");
if (page === null) throw new Error("index.html has no place for the page");
page.replaceChildren();
void open(page);
