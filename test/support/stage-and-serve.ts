import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { eventually, type CliResult, type TestPlatform } from "./test-platform.ts";

/** Pushes a folder that some shipped buildpack detects; gives what a person reads. */
export async function push(
  platform: TestPlatform,
  name: string,
  options: { readonly cwd: string; readonly args?: readonly string[] },
): Promise<string> {
  const pushed = await platform.rivera(["push", name, ...(options.args ?? [])], {
    cwd: options.cwd,
    timeoutMs: 600_000,
  });
  assert.equal(pushed.status, 0, shown(pushed));
  return shown(pushed);
}

/** What a path of the app answers through the router once its route is there. */
export async function answer(
  platform: TestPlatform,
  name: string,
  requestPath = "/",
): Promise<{ readonly status: number; readonly body: string }> {
  const host = `${name}.apps.localhost`;
  return await eventually(
    async () => {
      const response = await platform.fetchApp(host, requestPath);
      // The router's own words, until the route is registered.
      return response.body.startsWith("404 Not Found: Requested route") ? undefined : response;
    },
    { withinMs: 60_000, what: () => `the route ${host}` },
  );
}

function shown({ stdout, stderr }: CliResult): string {
  return `${stdout}\n${stderr}`;
}

export async function setEnv(
  platform: TestPlatform,
  name: string,
  variable: readonly [string, string],
): Promise<void> {
  const set = await platform.rivera(["set-env", name, ...variable]);
  assert.equal(set.status, 0, shown(set));
}

/** Whether the machine, whose `/usr` is the default stack, has a program that a buildpack needs. */
export function hasProgram(name: string): boolean {
  return ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/go/bin"].some((folder) =>
    existsSync(path.join(folder, name)),
  );
}

/** For tests that load hundreds of megabytes and build for minutes, which the default run has no time for. */
export const skipLarge =
  process.env["RIVERA_TEST_BUILDPACKS"] === "all"
    ? false
    : "it builds for minutes: RIVERA_TEST_BUILDPACKS=all";
