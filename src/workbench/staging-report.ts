import type { Span } from "#cloud-controller/build-observations/observation-table.ts";
import type { StagingFailure } from "#cloud-controller/staging/failure-reason.ts";
import type { StagingResult } from "#cloud-controller/staging/staging-result.ts";
import {
  noDroplet,
  noStartCommand,
  verdictOn,
  type TaskCompletion,
} from "#cloud-controller/staging/staging-verdict.ts";
import type { ReceivedFile } from "./blob-server.ts";

interface BuildpackUsed {
  readonly name: string;
  readonly version: string | undefined;
}

/** What a staging has come to, and how it went. */
export type StagingReport = {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly spans: readonly Span[];
} & (
  | {
      readonly kind: "staged";
      readonly droplet: ReceivedFile;
      /** The last one, which decides how the app starts. */
      readonly detectedBuildpack: string;
      /** In the order in which they ran. */
      readonly buildpacks: readonly BuildpackUsed[];
      /** Start commands by process type. */
      readonly processTypes: Readonly<Record<string, string>>;
    }
  | { readonly kind: "failed"; readonly failure: StagingFailure }
);

export function reportOn(facts: {
  readonly completion: TaskCompletion;
  readonly droplet: ReceivedFile | undefined;
  readonly spans: readonly Span[];
  readonly limits: { readonly memoryInMb: number; readonly diskInMb: number };
  readonly times: { readonly startedAt: number; readonly endedAt: number };
  readonly nameOf: (key: string) => string;
}): StagingReport {
  const { droplet, spans, times } = facts;
  const verdict = verdictOn(facts.completion, spans, facts.limits);
  const common = { ...times, spans };
  if (verdict.kind === "failed") return { ...common, kind: "failed", failure: verdict.failure };
  if (droplet === undefined) return { ...common, kind: "failed", failure: noDroplet };
  const processTypes = verdict.result.process_types ?? {};
  if (Object.keys(processTypes).length === 0) {
    return { ...common, kind: "failed", failure: noStartCommand };
  }
  return {
    ...common,
    kind: "staged",
    droplet,
    detectedBuildpack: verdict.result.lifecycle_metadata.detected_buildpack,
    buildpacks: buildpacksUsed(verdict.result, facts.nameOf),
    processTypes,
  };
}

function buildpacksUsed(
  { lifecycle_metadata: metadata }: StagingResult,
  nameOf: (key: string) => string,
): BuildpackUsed[] {
  const listed = metadata.buildpacks ?? [];
  if (listed.length > 0) {
    return listed.map(({ key, version }) => ({ name: nameOf(key), version: version ?? undefined }));
  }
  const key = metadata.buildpack_key ?? "";
  return key === "" ? [] : [{ name: nameOf(key), version: undefined }];
}
