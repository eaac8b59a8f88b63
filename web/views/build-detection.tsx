import { loadDetection, type Detection } from "../api/build-insight.ts";
import type { Build } from "../api/records.ts";
import { StyledText } from "../log/styled-text.tsx";
import { durationText } from "../parts/amount.ts";
import { Shown } from "../parts/notice.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { usePlatformData } from "../platform.ts";

/** What each buildpack said when it was asked whether it would do: what no other Cloud Foundry keeps. */
export function BuildDetection({ build }: { readonly build: Build }) {
  const live = usePlatformData(
    `detection ${build.guid} ${build.state}`,
    (api, signal) => loadDetection(api, build.guid, signal),
    { everyMs: build.state === "STAGING" ? 2_000 : 60_000 },
  );
  return (
    <section>
      <h2>Detection</h2>
      <Shown live={live} what="the detection">
        {(buildpacks) =>
          buildpacks.length === 0 ? (
            <p class="faint">
              {build.state === "STAGING"
                ? "No buildpack was asked yet."
                : "No buildpack was asked: the app named its own, or the staging did not come that far."}
            </p>
          ) : (
            <ol class="detection">
              {buildpacks.map((one) => (
                <Asked key={one.buildpack} detection={one} />
              ))}
            </ol>
          )
        }
      </Shown>
    </section>
  );
}

function Asked({ detection }: { readonly detection: Detection }) {
  const isTaken = detection.result === "detected";
  const said = [detection.output, detection.errors]
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.trim() !== "");
  return (
    <li>
      <div class="section-row">
        <h3>{detection.buildpack}</h3>
        <StateMark tone={isTaken ? "good" : "idle"}>{isTaken ? "detected" : "declined"}</StateMark>
        <span class="faint">
          {[detection.version ?? "", detection.outcome, durationText(detection.duration_ms)]
            .filter((word) => word !== "" && word !== "ok")
            .join(", ")}
        </span>
      </div>
      {said.map((line, index) => (
        <p key={index} class="said">
          <StyledText line={line} />
        </p>
      ))}
      {detection.nearest_miss === null ? null : (
        <p class="nearest">
          <strong>Nearest miss:</strong> {detection.nearest_miss}
        </p>
      )}
    </li>
  );
}
