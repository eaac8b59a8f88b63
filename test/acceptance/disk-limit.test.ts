import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

let platform: TestPlatform;
let api: Api;

before(async () => {
  using settings = appFolder({ "rivera.yml": "staging: { minimum_staging_disk_mb: 96 }\n" });
  platform = await TestPlatform.start({ flags: ["--config", `${settings.path}/rivera.yml`] });
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

test("a staging that fills its disk fails with the limit, and the machine keeps its space", async () => {
  using folder = appFolder({
    ...nodeServer("filling"),
    "package.json": JSON.stringify({
      name: "filling",
      version: "1.0.0",
      scripts: { "heroku-prebuild": "head -c 1G /dev/zero > /tmp/fill", start: "node server.js" },
    }),
  });

  const result = await platform.rivera(["push", "filling", "-k", "96M"], { cwd: folder.path });

  assert.equal(result.status, 1);
  assert.match(result.stdout, /No space left on device/);
  assert.match(
    result.stdout + result.stderr,
    /StagingError - Staging error: staging failed: disk quota exceeded: 96M of 96M used/,
  );
});

test("an app that fills its disk goes on without room; one that ends of it crashes with the limit", async () => {
  using folder = appFolder({
    Procfile: "web: head -c 1G /dev/zero > fill; ls -s fill; node server.js\n",
    "server.js": nodeServer("full")["server.js"] ?? "",
  });
  const pushed = await platform.rivera(["push", "full", "-k", "64M", "-m", "128M"], {
    cwd: folder.path,
  });
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.equal((await platform.fetchApp("full.apps.localhost")).body, "full 0");
  const logs = await platform.rivera(["logs", "full", "--recent"]);
  assert.match(logs.stdout, /No space left on device/);

  writeFileSync(`${folder.path}/Procfile`, "web: head -c 1G /dev/zero > fill && node server.js\n");
  await platform.rivera(["push", "full", "--no-wait"], { cwd: folder.path });

  const { json } = await api("GET", "/v3/apps?names=full");
  const crash = await eventually(
    async () => {
      const events = await api(
        "GET",
        `/v3/audit_events?types=audit.app.process.crash&target_guids=${json.resources[0].guid}`,
      );
      return events.json.resources[0];
    },
    { withinMs: 30_000, what: () => "the crash to be known" },
  );
  assert.match(
    crash.data.exit_description,
    /Exited with status 1 \(disk quota exceeded: 64M of 64M used\)/,
  );
});
