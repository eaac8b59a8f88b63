import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

test("a staging script that hangs is ended at the time-out, which is named, and its container is gone", async () => {
  await using platform = await TestPlatform.start({ flags: ["--staging-timeout", "5"] });
  using folder = appFolder({
    ...nodeServer("hanging"),
    "package.json": JSON.stringify({
      name: "hanging",
      version: "1.0.0",
      scripts: { "heroku-prebuild": "echo about to hang; sleep 1000", start: "node server.js" },
    }),
  });
  await platform.rivera(["login"]);

  const result = await platform.rivera(["push", "hanging"], { cwd: folder.path });

  assert.equal(result.status, 1);
  assert.match(result.stdout, /about to hang/);
  assert.match(
    result.stdout + result.stderr,
    /StagingTimeExpired - Staging time expired: staging did not end within 5s: supply of nodejs_buildpack was running, for \d+ s/,
  );
  await eventually(
    () => {
      const left = globSync(path.join(platform.dataDir, "cells/*/containers/*"));
      return left.length === 0 ? true : undefined;
    },
    { withinMs: 20_000, what: () => "the container to be gone" },
  );
});
