import type { AppLine } from "../api/apps-page.ts";
import type { Build } from "../api/records.ts";
import { durationText } from "../parts/amount.ts";
import type { Tone } from "../parts/state-mark.tsx";

/** What an app's state comes to: what is wanted, against what runs. */
export function appTone(
  line: Pick<AppLine, "crashed" | "instances"> & { readonly app: Pick<AppLine["app"], "state"> },
): readonly [Tone, string] {
  const { running, wanted } = line.instances;
  if (line.app.state === "STOPPED") return ["idle", "stopped"];
  if (wanted === 0) return ["idle", "started, no instance wanted"];
  if (running === wanted) return ["good", "running"];
  if (line.crashed) return ["bad", running === 0 ? "crashed" : "partly crashed"];
  return ["busy", running === 0 ? "starting" : "partly running"];
}

export function instancesText(line: Pick<AppLine, "instances">): string {
  return `${line.instances.running}/${line.instances.wanted}`;
}

export function buildWord(state: Build["state"]): {
  readonly tone: Tone;
  readonly children: string;
} {
  switch (state) {
    case "STAGING":
      return { tone: "busy", children: "staging" };
    case "STAGED":
      return { tone: "good", children: "staged" };
    case "FAILED":
      return { tone: "bad", children: "failed" };
  }
}

/** An instance's state, in V3's word, lower case. */
export function instanceTone(state: string): Tone {
  if (state === "RUNNING") return "good";
  if (state === "CRASHED") return "bad";
  return state === "STARTING" ? "busy" : "idle";
}

/** From the request to the end, or to now; the API tells both in whole seconds. */
export function buildDurationText(
  build: Pick<Build, "created_at" | "updated_at" | "state">,
  now: number,
): string {
  const end = build.state === "STAGING" ? now : Date.parse(build.updated_at ?? build.created_at);
  const seconds = Math.floor((end - Date.parse(build.created_at)) / 1_000);
  if (seconds < 1) return "less than 1 s";
  return seconds < 10 ? `${seconds} s` : durationText(seconds * 1_000);
}
