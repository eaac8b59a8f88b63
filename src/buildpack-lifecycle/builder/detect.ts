import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { findBuildpack } from "./find-buildpack.ts";
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
  for (const key of staging.flags.buildpackOrder) {
    const found = findBuildpack(staging.flags, key);
    if (found.kind === "malformed") {
      printError(found.message);
      continue;
    }
    const { directory } = found;
    const script = path.join(directory, "bin", "detect");
    if (!existsSync(script)) {
      printError(`buildpack has no /bin/detect: ${shownKey(key)}`);
      continue;
    }
    if ((statSync(script).mode & 0o111) !== 0o111) {
      printLine("WARNING: buildpack script '/bin/detect' is not executable");
    }
    const detected = runDetect(staging, key, script);
    if (detected.end.kind === "ok") {
      return { key, directory, detectOutput: detected.stdout.replace(/[\r\n]+$/, "") };
    }
    declined.push(declinedLine(directory, key, detected));
  }
  for (const line of declined) printError(line);
  throw new StagingFailure(
    exitStatus.detect,
    "None of the buildpacks detected a compatible application",
  );
}

function runDetect(staging: Staging, key: string, script: string): CapturedEnd {
  return staging.trace.record(
    { phase: "detect", buildpack: shownKey(key) },
    () => captureScript(script, [staging.flags.buildDir], staging.env),
    ({ end }) => outcomeOfScript(end),
  );
}

// The developer's first question after "none detected" is which were tried, and why each declined. A buildpack says
// why on its standard output, which Cloud Foundry reads only on success.
function declinedLine(directory: string, key: string, { end, stdout }: CapturedEnd): string {
  const [firstLine = ""] = stdout.trim().split("\n");
  const reason = end.kind === "ok" ? "" : end.reason;
  const why = firstLine.trim() === "" ? reason : firstLine.trim();
  return `Tried ${buildpackTitle(directory, key)}: ${why}`;
}

// Keys of buildpacks that Cloud Controller knows are guids and checksums: a person needs the language.
function buildpackTitle(directory: string, key: string): string {
  const yaml = parseYamlText(textOf(path.join(directory, "manifest.yml")));
  const language =
    yaml.kind === "parsed" && isYamlMap(yaml.value) ? yaml.value["language"] : undefined;
  const title =
    typeof language === "string" && language !== "" ? `the ${language} buildpack` : shownKey(key);
  const version = textOf(path.join(directory, "VERSION")).trim();
  return version === "" ? title : `${title} ${version}`;
}

function textOf(file: string): string {
  try {
    return readFileIfPresent(file) ?? "";
  } catch {
    return ""; // Neither file is required of a buildpack.
  }
}
