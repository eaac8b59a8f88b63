import { useRef } from "preact/hooks";
import { loadBuild, type BuildOverview } from "../api/build-overview.ts";
import type { Build } from "../api/records.ts";
import { useBuildLog, type BuildLog } from "../log/build-log.ts";
import { lastWords, sectionsOf } from "../log/log-rows.ts";
import { StyledText } from "../log/styled-text.tsx";
import { megabytesText } from "../parts/amount.ts";
import { Moment } from "../parts/moment.tsx";
import { Shown } from "../parts/notice.tsx";
import { PartsNav } from "../parts/parts-nav.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { useTitle } from "../parts/use-title.ts";
import { usePlatformData } from "../platform.ts";
import { BuildDetection } from "./build-detection.tsx";
import { BuildDroplet } from "./build-droplet.tsx";
import { BuildLogPart } from "./build-log-part.tsx";
import { BuildTerminal } from "./build-terminal.tsx";
import { BuildTimeline } from "./build-timeline.tsx";
import { failureWords } from "./failure-words.ts";
import { buildDurationText, buildWord } from "./state-words.ts";
import { addressOf, buildParts, type BuildPart } from "./view-address.ts";

/** One staging: why it failed before all else, then what it said, did and made. */
export function BuildView({ guid, part }: { readonly guid: string; readonly part: BuildPart }) {
  const known = useRef<BuildOverview | undefined>(undefined);
  const live = usePlatformData(
    `build ${guid}`,
    async (api, signal) => {
      known.current = await loadBuild(api, guid, known.current, signal);
      return known.current;
    },
    { everyMs: 1_500 },
  );
  const log = useBuildLog(guid);
  return (
    <Shown live={live} what="the build" isView>
      {(overview) => (
        <>
          <BuildHead overview={overview} log={part === "log" ? log : undefined} />
          <PartsNav
            label="Parts of the build"
            parts={partsOf(overview.build, part).map((name) => ({
              name: partNames[name],
              address: addressOf({ name: "build", guid, part: name }),
              isCurrent: name === part,
            }))}
          />
          <Part build={overview.build} part={part} log={log} />
        </>
      )}
    </Shown>
  );
}

const partNames = {
  log: "Log",
  timeline: "Timeline",
  detection: "Detection",
  droplet: "Droplet",
  terminal: "Terminal",
} as const;

/** Only the container of a failed staging stays. */
function partsOf({ state }: Build, shown: BuildPart): readonly BuildPart[] {
  return buildParts.filter((part) => part !== "terminal" || state === "FAILED" || part === shown);
}

function Part(props: { readonly build: Build; readonly part: BuildPart; readonly log: BuildLog }) {
  switch (props.part) {
    case "log":
      return <BuildLogPart build={props.build} log={props.log} />;
    case "timeline":
      return <BuildTimeline build={props.build} />;
    case "detection":
      return <BuildDetection build={props.build} />;
    case "droplet":
      return <BuildDroplet build={props.build} />;
    case "terminal":
      return <BuildTerminal build={props.build} />;
  }
}

function BuildHead({
  overview,
  log,
}: {
  readonly overview: BuildOverview;
  /** Undefined where the log is not what is looked at: the reason is then told in short. */
  readonly log: BuildLog | undefined;
}) {
  const { build, app } = overview;
  useTitle(`Build of ${app?.name ?? "an app"}`);
  return (
    <>
      <div class="title-row">
        <h1>
          <span class="place">
            {app === undefined ? null : (
              <a href={addressOf({ name: "app", guid: app.guid, part: "overview" })}>{app.name}</a>
            )}
          </span>
          Build, <Moment at={build.created_at} />
        </h1>
        <span role="status">
          <StateMark {...buildWord(build.state)} />
        </span>
      </div>
      {build.error === null ? null : <Failure build={build} error={build.error} log={log} />}
      <dl class="facts">
        <Fact name={build.state === "STAGING" ? "Running for" : "Took"}>
          {buildDurationText(build, Date.now())}
        </Fact>
        <Fact name="Buildpacks">
          {build.lifecycle.data.buildpacks?.join(", ") || "detected by the platform"}
        </Fact>
        <Fact name="Stack">{build.lifecycle.data.stack ?? "–"}</Fact>
        <Fact name="Limits">
          {build.staging_memory_in_mb === null
            ? "–"
            : `${megabytesText(build.staging_memory_in_mb)} memory, ${megabytesText(build.staging_disk_in_mb ?? 0)} disk`}
        </Fact>
        <Fact name="By">{build.created_by.name ?? "–"}</Fact>
      </dl>
    </>
  );
}

/** Enough for a compiler's message, and no log of its own. */
const wordsShown = 8;

function Failure(props: {
  readonly build: Build;
  readonly error: string;
  readonly log: BuildLog | undefined;
}) {
  const words = failureWords(props.error);
  const said = lastWords(sectionsOf(props.log?.lines ?? [], props.error), wordsShown);
  return (
    <div class="failure" role="alert">
      <p class="failure-headline">{words.headline}</p>
      <p class="failure-details">{words.details}</p>
      {said.length === 0 ? null : (
        <pre class="failure-words" role="group" aria-label="Its last lines" tabIndex={0}>
          {said.map((line) => (
            <div key={line.number}>
              <StyledText line={line.text} />
            </div>
          ))}
        </pre>
      )}
      {props.log === undefined ? null : <p>{words.mend}</p>}
      <p class="faint">
        Cloud Foundry calls it <code>{words.id}</code>.{" "}
        <a href={addressOf({ name: "build", guid: props.build.guid, part: "detection" })}>
          What each buildpack said
        </a>
        {", "}
        <a href={addressOf({ name: "build", guid: props.build.guid, part: "terminal" })}>
          look into its container
        </a>
      </p>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
