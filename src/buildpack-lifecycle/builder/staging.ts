import type { BuildpackNames } from "./buildpack-names.ts";
import type { BuilderFlags } from "./flags.ts";
import { runScript, type ScriptEnd, type ScriptEnvironment } from "./run-script.ts";
import type { ScriptOrder } from "./script-order.ts";
import { shownKey } from "./shown-url.ts";
import type { PhaseOutcome, Trace } from "./trace.ts";
import type { Workspace } from "./workspace.ts";

/** What every phase of one staging works with. */
export interface Staging {
  readonly flags: BuilderFlags;
  readonly workspace: Workspace;
  /** The environment of every script of a buildpack. */
  readonly env: ScriptEnvironment;
  readonly trace: Trace;
  readonly nameOf: BuildpackNames;
  readonly scripts: ScriptOrder;
}

/** The buildpack that decides how the app starts. */
export interface FinalBuildpack {
  readonly key: string;
  readonly directory: string;
  /** What bin/detect printed; empty when the buildpack was named. */
  readonly detectOutput: string;
}

export interface BuildpackScript {
  readonly phase: string;
  readonly key: string;
  /** Of the buildpack among those that run. */
  readonly index: number;
  readonly path: string;
  readonly args: readonly string[];
}

/** Runs it, unless this staging goes on from a later one. */
export function runBuildpackScript(staging: Staging, script: BuildpackScript): ScriptEnd {
  if (!staging.scripts.comes(`${script.phase}:${script.index}`, shownKey(script.key))) {
    return { kind: "ok" };
  }
  return staging.trace.record(
    {
      phase: script.phase,
      buildpack: shownKey(script.key),
      command: [script.path, ...script.args],
    },
    () => runScript(script.path, script.args, staging.env),
    outcomeOfScript,
  );
}

export function outcomeOfScript(end: ScriptEnd): PhaseOutcome {
  return { outcome: end.kind === "ok" ? "ok" : end.reason };
}
