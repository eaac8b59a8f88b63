import { loadAppOverview, type AppOverview } from "../api/app-overview.ts";
import { PartsNav } from "../parts/parts-nav.tsx";
import { Shown } from "../parts/notice.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { useTitle } from "../parts/use-title.ts";
import { usePlatform, usePlatformData } from "../platform.ts";
import { AppActions } from "./app-actions.tsx";
import { AppBuilds } from "./app-builds.tsx";
import { AppEvents } from "./app-events.tsx";
import { AppLogs } from "./app-logs.tsx";
import { AppProcesses } from "./app-processes.tsx";
import { CrashNotice } from "./crash-notice.tsx";
import { FailedBuildNotice } from "./failed-build-notice.tsx";
import { routeAddress } from "./route-address.ts";
import { appTone } from "./state-words.ts";
import { addressOf, appParts, type AppPart } from "./view-address.ts";

/** One app: what runs, what was built, what happened, what it says. */
export function AppView({ guid, part }: { readonly guid: string; readonly part: AppPart }) {
  const live = usePlatformData(`app ${guid}`, (api, signal) => loadAppOverview(api, guid, signal), {
    everyMs: 3_000,
  });
  return (
    <Shown live={live} what="the app" isView>
      {(overview) => <AppContent overview={overview} part={part} />}
    </Shown>
  );
}

const partNames = {
  overview: "Overview",
  logs: "Logs",
  builds: "Builds",
  events: "Events",
} as const;

function AppContent({
  overview,
  part,
}: {
  readonly overview: AppOverview;
  readonly part: AppPart;
}) {
  const { app, place, lastBuild } = overview;
  useTitle(app.name);
  const [tone, word] = appTone({ app, ...countInstances(overview) });
  return (
    <>
      <div class="title-row">
        <h1>
          <span class="place">
            <a
              href={addressOf({ name: "apps", space: app.relationships.space.data?.guid, page: 1 })}
            >
              {place.organization} / {place.space}
            </a>
          </span>
          {app.name}
        </h1>
        <StateMark tone={tone}>{word}</StateMark>
        <AppActions app={app} />
      </div>
      {lastBuild?.state === "FAILED" ? <FailedBuildNotice build={lastBuild} /> : null}
      {overview.lastCrash === undefined ? null : (
        <CrashNotice app={app.guid} crash={overview.lastCrash} />
      )}
      <PartsNav
        label="Parts of the app"
        parts={appParts.map((name) => ({
          name: partNames[name],
          address: addressOf({ name: "app", guid: app.guid, part: name }),
          isCurrent: name === part,
        }))}
      />
      <Part overview={overview} part={part} />
    </>
  );
}

function Part({ overview, part }: { readonly overview: AppOverview; readonly part: AppPart }) {
  const { guid } = overview.app;
  switch (part) {
    case "overview":
      return (
        <>
          <AppRoutes overview={overview} />
          <AppProcesses overview={overview} />
        </>
      );
    case "logs":
      return <AppLogs guid={guid} />;
    case "builds":
      return <AppBuilds guid={guid} />;
    case "events":
      return <AppEvents guid={guid} />;
  }
}

function AppRoutes({ overview }: { readonly overview: AppOverview }) {
  const { appsPort } = usePlatform();
  return (
    <section>
      <h2>Routes</h2>
      {overview.routes.length === 0 ? (
        <p class="faint">
          None: nothing reaches the app from outside. <code>cf map-route</code> gives it one.
        </p>
      ) : (
        <ul class="plain">
          {overview.routes.map((route) => (
            <li key={route.guid}>
              <a href={routeAddress(route.url, appsPort)} rel="noreferrer" target="_blank">
                {route.url}
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function countInstances({ processes }: AppOverview) {
  const states = processes.flatMap(({ stats }) => stats.map(({ state }) => state));
  return {
    instances: {
      running: states.filter((state) => state === "RUNNING").length,
      wanted: processes.reduce((sum, { instances }) => sum + instances, 0),
    },
    crashed: states.includes("CRASHED"),
  };
}
