import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

test("a staging script that hangs is ended at the time-out, which is named, and nothing of it runs on", async () => {
  await using platform = await TestPlatform.start({ flags: ["--staging-timeout", "5"] });
  using folder = appFolder({
    ...nodeServer("hanging"),
    "package.json": JSON.stringify({
      name: "hanging",
      version: "1.0.0",
      scripts: { "heroku-prebuild": "echo about to hang; sleep 86413", start: "node server.js" },
    }),
  });
  await platform.rivera(["login"]);

  const pushed = platform.rivera(["push", "hanging"], { cwd: folder.path });
  await eventually(() => (commandLines().includes("sleep 86413") ? true : undefined), {
    withinMs: 60_000,
    what: () => "the script to hang",
  });
  const result = await pushed;

  assert.equal(result.status, 1);
  assert.match(result.stdout, /about to hang/);
  assert.match(
    result.stdout + result.stderr,
    /StagingTimeExpired - Staging time expired: staging did not end within 5s: supply of nodejs_buildpack was running, for \d+ s/,
  );
  // Its container is kept for whoever wants to look into it, but what hung in it is not.
  await eventually(() => (commandLines().includes("sleep 86413") ? undefined : true), {
    withinMs: 60_000,
    what: () => "the script to be gone",
  });
});

function commandLines(): string[] {
  return globSync("/proc/[0-9]*/cmdline").flatMap((file) => {
    try {
      return [readFileSync(file, "utf8").replaceAll("\0", " ").trim()];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
