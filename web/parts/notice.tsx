import type { ComponentChildren } from "preact";
import { ApiFailure } from "../api/platform-api.ts";
import type { Live } from "../live/live.ts";
import { useTitle } from "./use-title.ts";

/** Words where there is nothing else to show, and what to do. */
export function Notice(props: {
  readonly title: string;
  readonly tone?: "plain" | "bad";
  /** There is nothing else in the view, so this is its heading. */
  readonly isHeading?: boolean;
  readonly children?: ComponentChildren;
}) {
  const isBad = props.tone === "bad";
  return (
    <div class={isBad ? "notice notice-bad" : "notice"} role={isBad ? "alert" : undefined}>
      {props.isHeading === true ? (
        <h1 class="notice-title">{props.title}</h1>
      ) : (
        <p class="notice-title">{props.title}</p>
      )}
      {props.children}
    </div>
  );
}

/** A view that has nothing to show: its heading and the tab's title say so. */
export function EmptyView(props: {
  readonly title: string;
  readonly tone?: "plain" | "bad";
  readonly children: ComponentChildren;
}) {
  useTitle(props.title);
  return <Notice isHeading {...props} />;
}

/** The value of `live`, or why there is none. A state that has grown old says so and stays. */
export function Shown<T>(props: {
  readonly live: Live<T>;
  /** "the apps", "the build": what is loading, or cannot be shown. */
  readonly what: string;
  /** Whether a failure leaves nothing else in the view. */
  readonly isView?: boolean;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { live, what, isView = false } = props;
  switch (live.kind) {
    case "loading":
      return (
        <p class="loading" role="status">
          Loading {what} …
        </p>
      );
    case "failed":
      return <Failure what={what} failure={live.failure} isView={isView} />;
    case "shown":
      return (
        <>
          {live.failure === undefined ? null : (
            <p class="stale" role="status">
              Not up to date: {explain(live.failure)} Trying again.
            </p>
          )}
          {props.children(live.value)}
        </>
      );
  }
}

function Failure(props: {
  readonly what: string;
  readonly failure: Error;
  readonly isView: boolean;
}) {
  const { what, failure } = props;
  const Words = props.isView ? EmptyView : Notice;
  if (failure instanceof ApiFailure && failure.status === 404) {
    return (
      <Words title="It is not here">
        <p>
          It was deleted, or it lies in a space that you may not see. An administrator, or a manager
          of the space, can give you a role there.
        </p>
        <p>
          <a href="#/">All apps</a>
        </p>
      </Words>
    );
  }
  return (
    <Words title={`Cannot show ${what}`} tone="bad">
      <p>{explain(failure)} The page goes on trying.</p>
    </Words>
  );
}

export function explain(failure: Error): string {
  if (failure instanceof ApiFailure) return `${failure.message.replace(/\.?$/, ".")}`;
  if (failure instanceof TypeError) {
    return "The platform does not answer. Is it running? bin/rivera status tells.";
  }
  return `The platform's answer is not understood (${failure.message.slice(0, 200)}).`;
}
