import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { after, before, test } from "node:test";
import { appFolder } from "../support/app-folder.ts";
import { loggedIn } from "../support/api.ts";
import { TestPlatform } from "../support/test-platform.ts";

let platform: TestPlatform;

// So much memory for a staging that the cell has room for one.
before(async () => {
  const memoryMb = Math.floor((totalmem() / 1024 ** 2) * 0.6);
  using settings = appFolder({
    "rivera.yml": `staging: { minimum_staging_memory_mb: ${memoryMb} }\n`,
  });
  platform = await TestPlatform.start({ flags: ["--config", `${settings.path}/rivera.yml`] });
  assert.equal((await platform.rivera(["login"])).status, 0);
  const api = await loggedIn(platform.addresses);
  const { json } = await api("GET", "/v3/organization_quotas");
  const quota = `/v3/organization_quotas/${json.resources[0].guid}`;
  assert.equal((await api("PATCH", quota, { apps: { total_memory_in_mb: null } })).status, 200);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

async function push(name: string, folder: { readonly path: string }) {
  return await platform.rivera(["push", name, "-b", "procfile_buildpack", "-m", "64M"], {
    cwd: folder.path,
  });
}

test("a second staging sends no cache that has not changed, and what was staged on the cell starts without a download", async () => {
  using folder = appFolder({ Procfile: "web: python3 -m http.server $PORT\n" });

  const first = await push("warm", folder);
  folder.write("notes.txt", "one more line\n");
  const second = await push("warm", folder);

  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /Uploaded build artifacts cache \(/);
  assert.equal(second.status, 0, second.stdout + second.stderr);
  assert.match(second.stdout, /Build artifacts cache is unchanged/);
  assert.match(second.stdout, /Uploaded droplet \(/);
  const { stdout } = await platform.rivera(["logs", "warm", "--recent"]);
  // A size stands behind what had to be fetched.
  assert.match(stdout, /Downloaded droplet$/m);
  assert.doesNotMatch(stdout, /Downloaded droplet \(/);
});

test("a cache that has gone bad in the store is a miss that the log tells, and is replaced", async () => {
  const [blob] = globSync(`${platform.dataDir}/blobs/cc-droplets/buildpack_cache/*/*`);
  assert.ok(blob !== undefined, "the first test's app has no cache");
  writeFileSync(blob, Buffer.from(readFileSync(blob)).fill(0, 20, 40));
  // The cell has what it has sent itself: a cell that has not must fetch it.
  for (const unpacked of globSync(`${platform.dataDir}/cells/cell-1/unpacked/*_tmp_cache`)) {
    rmSync(unpacked, { recursive: true });
  }
  using folder = appFolder({
    Procfile: "web: python3 -m http.server $PORT\n",
    "notes.txt": "more",
  });

  const bad = await push("warm", folder);

  assert.equal(bad.status, 0, bad.stdout + bad.stderr);
  assert.match(bad.stdout, /Downloading build artifacts cache failed/);
  assert.match(bad.stdout, /Uploaded build artifacts cache \(/);
});

test("stagings that find the cell taken by another wait in line, are told where, and end well", async () => {
  using folder = appFolder({ Procfile: "web: python3 -m http.server $PORT\n" });

  const pushes = await Promise.all(["one", "two", "three"].map((name) => push(name, folder)));

  for (const { status, stdout, stderr } of pushes) assert.equal(status, 0, stdout + stderr);
  const said = pushes.map(({ stdout }) => stdout).join("\n");
  assert.match(said, /Waiting for a cell: 1st in line/);
});
