import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { findBuildpack } from "./find-buildpack.ts";
import { lookAround, nearestMiss } from "./nearest-miss.ts";
import { printError, printLine } from "./output.ts";
import { readFileIfPresent } from "./read-file.ts";
import { captureScript, type CapturedEnd } from "./run-script.ts";
import { outcomeOfScript, type FinalBuildpack, type Staging } from "./staging.ts";
import { shownKey } from "./shown-url.ts";
import { exitStatus, StagingFailure } from "./staging-failure.ts";
import { parseYamlText, isYamlMap } from "./yaml-text.ts";

/** Asks each buildpack in order; the first whose bin/detect succeeds is the one. */
export function detectBuildpack(staging: Staging): FinalBuildpack {
  const declined: string[] = [];
  const appFiles = lookAround(staging.flags.buildDir);
  for (const key of staging.flags.buildpackOrder) {
    const found = findBuildpack(staging, key);
    if (found.kind === "malformed") {
      printError(found.message);
      traceUnasked(staging, key, found.message);
      continue;
    }
    const { directory } = found;
    const script = path.join(directory, "bin", "detect");
    if (!existsSync(script)) {
      printError(`buildpack has no /bin/detect: ${staging.nameOf(key)}`);
      traceUnasked(staging, key, "it has no bin/detect");
      continue;
    }
    if ((statSync(script).mode & 0o111) !== 0o111) {
      printLine("WARNING: buildpack script '/bin/detect' is not executable");
    }
    const identity = identityOf(directory, staging.nameOf(key), key);
    const nearest = nearestMiss(identity.language, appFiles);
    const detected = runDetect(staging, { key, script, nearest, version: identity.version });
    if (detected.end.kind === "ok") {
      return { key, directory, detectOutput: detected.stdout.replace(/[\r\n]+$/, "") };
    }
    declined.push(declinedLine(identity, detected, nearest));
  }
  for (const line of declined) printError(line);
  throw new StagingFailure(
    exitStatus.detect,
    "None of the buildpacks detected a compatible application",
  );
}

/** Bytes of what a detect printed that the platform is told. */
const tracedOutputMax = 4_096;

function runDetect(
  staging: Staging,
  asked: {
    readonly key: string;
    readonly script: string;
    readonly nearest: string | undefined;
    readonly version: string;
  },
): CapturedEnd {
  const { key, script, nearest, version } = asked;
  return staging.trace.record(
    { phase: "detect", buildpack: shownKey(key) },
    () => captureScript(script, [staging.flags.buildDir], staging.env),
    ({ end, stdout }) => ({
      ...outcomeOfScript(end),
      ...(stdout === "" ? {} : { output: stdout.slice(0, tracedOutputMax) }),
      ...(nearest === undefined || end.kind === "ok" ? {} : { nearest }),
      ...(version === "" ? {} : { version: version.slice(0, 100) }),
    }),
  );
}

/** A buildpack that cannot even be asked belongs to the answer to "why did none detect" as well. */
function traceUnasked(staging: Staging, key: string, reason: string): void {
  const outcome = reason.slice(0, 1_000);
  staging.trace.record(
    { phase: "detect", buildpack: shownKey(key) },
    () => undefined,
    () => ({ outcome }),
  );
}

// The developer's first question after "none detected" is which were tried, and why each declined. A buildpack says
// why on its standard output, which Cloud Foundry reads only on success.
function declinedLine(
  { title }: Identity,
  { end, stdout }: CapturedEnd,
  nearest: string | undefined,
): string {
  const [firstLine = ""] = stdout.trim().split("\n");
  const reason = end.kind === "ok" ? "" : end.reason;
  const why = firstLine.trim() === "" ? reason : firstLine.trim();
  return `Tried ${title}: ${why}${nearest === undefined ? "" : `; ${nearest}`}`;
}

interface Identity {
  readonly title: string;
  /** Empty where it tells none. */
  readonly language: string;
  readonly version: string;
}

// A person knows the buildpack by its name, or by its language where the name is only its key.
function identityOf(directory: string, name: string, key: string): Identity {
  const yaml = parseYamlText(textOf(path.join(directory, "manifest.yml")));
  const found =
    yaml.kind === "parsed" && isYamlMap(yaml.value) ? yaml.value["language"] : undefined;
  const language = typeof found === "string" ? found : "";
  const isNamed = name !== shownKey(key);
  const title = isNamed || language === "" ? name : `the ${language} buildpack`;
  const version = textOf(path.join(directory, "VERSION")).trim();
  return { title: version === "" ? title : `${title} ${version}`, language, version };
}

function textOf(file: string): string {
  try {
    return readFileIfPresent(file) ?? "";
  } catch {
    return ""; // Neither file is required of a buildpack.
  }
}
