import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { dropletArchive, type ArchivedFile } from "../testing/droplet-archive.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, StubCloudFoundry, v3Error } from "../testing/stub-cloud-foundry.ts";

const guid = "5f0c2f9e-8a35-4d64-9d3e-1d1c9d1c0c55";

const appFiles: readonly ArchivedFile[] = [
  { path: "deps/0/config.yml", content: `name: nodejs\nversion: "1.8.2"\n` },
  { path: "staging_info.yml", content: `{"start_command":"npm start"}` },
  { path: "app/node_modules/ms/package.json", content: `{"name":"ms","version":"2.1.3"}` },
  { path: "app/server.js", content: "hello" },
];

/** A blobstore of another origin, which tells what tokens it was sent. */
async function startBlobstore(archive: Buffer) {
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.end(archive);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address !== "string");
  return {
    url: `http://127.0.0.1:${address.port}/droplet`,
    tokens,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function startStub(blobUrl: string) {
  const stub = await StubCloudFoundry.start();
  const droplet = { guid, state: "STAGED", stack: "cflinuxfs4", image: null, checksum: null };
  return stub
    .on(/GET \/v3\/apps/, () =>
      resources({ guid: "app-guid", name: "my-app", state: "STARTED", lifecycle: { type: "x" } }),
    )
    .on(/GET \/v3\/apps\/app-guid\/droplets\/current/, () => ({ json: droplet }))
    .on(new RegExp(`GET /v3/droplets/${guid}`), () => ({ json: droplet }))
    .on(new RegExp(`GET /v3/droplets/${guid}/download`), () => ({
      status: 302,
      headers: { location: blobUrl },
    }));
}

const bomSchema = z.object({
  metadata: z.object({ component: z.object({ name: z.string(), version: z.string() }) }),
  components: z.array(z.object({ type: z.string(), name: z.string() })),
});

test("droplet-bom prints the current droplet of an app; the token stays with Cloud Controller", async () => {
  await using blobs = await startBlobstore(dropletArchive(appFiles));
  await using stub = await startStub(blobs.url);
  await using user = await TestUser.loggedIn(stub.url);

  const { code, out, err } = await user.run(["droplet-bom", "my-app"]);

  assert.equal(code, 0, err);
  const bom = bomSchema.parse(JSON.parse(out));
  assert.deepEqual(bom.metadata.component, { name: "my-app", version: guid });
  assert.deepEqual(
    bom.components.map(({ name }) => name),
    ["nodejs", "ms"],
  );
  assert.deepEqual(blobs.tokens, [undefined]);
  assert.match(stub.request(`GET /v3/droplets/${guid}/download`).headers.authorization ?? "", /./);
  assert.deepEqual(stub.unexpected, []);
});

test("droplet-bom of a guid, with its files, into a file", async () => {
  await using blobs = await startBlobstore(dropletArchive(appFiles));
  await using stub = await startStub(blobs.url);
  await using user = await TestUser.loggedIn(stub.url);

  const { code, out } = await user.run(["droplet-bom", guid, "--files", "--output", "bom.json"]);

  assert.equal(code, 0);
  assert.match(out, /^buildpacks: +nodejs 1\.8\.2\npackages: +1 npm\nfiles: +4 \(\d+B\)\n$/);
  const text = await readFile(path.join(user.home, "bom.json"), "utf8");
  const bom = bomSchema.parse(JSON.parse(text));
  assert.equal(bom.components.filter(({ type }) => type === "file").length, 4);
});

test("droplet-bom says why it has none to read", async () => {
  await using stub = await startStub("http://127.0.0.1:1/droplet");
  await using user = await TestUser.loggedIn(stub.url);

  const gone = await user.run(["droplet-bom", "my-app"]);
  stub.on(new RegExp(`GET /v3/droplets/${guid}/download`), () =>
    v3Error(422, "Only staged droplets can be downloaded."),
  );
  const unstaged = await user.run(["droplet-bom", "my-app"]);
  stub.on(/GET \/v3\/apps\/app-guid\/droplets\/current/, () => v3Error(404, "Droplet not found"));
  const none = await user.run(["droplet-bom", "my-app"]);

  assert.deepEqual([gone.code, unstaged.code, none.code], [1, 1, 1]);
  assert.match(gone.err, /127\.0\.0\.1:1/);
  assert.match(unstaged.err, /Only staged droplets can be downloaded\./);
  assert.match(none.err, /App 'my-app' has no droplet\./);
});

test("droplet-diff of two files needs no login, and ends as diff does", async () => {
  await using user = await TestUser.create();
  const write = async (name: string, files: readonly ArchivedFile[]) =>
    await writeFile(path.join(user.home, name), dropletArchive(files));
  await write("a.tgz", appFiles);
  await write("same.tgz", appFiles.toReversed());
  await write("b.tgz", [
    { path: "deps/0/config.yml", content: `name: nodejs\nversion: "1.9.0"\n` },
    { path: "staging_info.yml", content: `{"start_command":"npm run serve"}` },
    { path: "app/node_modules/ms/package.json", content: `{"name":"ms","version":"2.2.0"}` },
    { path: "app/server.js", content: "jello", mode: 0o644 },
    { path: "profile.d/x.sh", content: "export PORTS=1\u001b]0;owned\u0007\n" },
    { path: "app/\u001b[2Jodd\nname", content: "x".repeat(3_072) },
  ]);

  const same = await user.run(["droplet-diff", "a.tgz", "same.tgz"]);
  const other = await user.run(["droplet-diff", "a.tgz", "b.tgz"]);
  const lost = await user.run(["droplet-diff", "a.tgz", "lost.tgz"]);

  assert.deepEqual([same.code, other.code, lost.code], [0, 1, 2]);
  assert.equal(same.out, "The droplets hold the same.\n");
  assert.equal(
    other.out,
    `         a.tgz   b.tgz   difference
size:    95B     3.1K    +3K
files:   4       6       +2

buildpacks: 1 changed
  ~ nodejs   1.8.2 -> 1.9.0

packages: 1 changed
  ~ npm ms   2.1.3 -> 2.2.0

commands: 1 changed
  ~ web   npm start -> npm run serve

environment: 1 added
  + PORTS   1\\x1b]0;owned\\x07

files: 2 added, 4 changed
  + app/\\x1b[2Jodd\\x0aname             3K
  + profile.d/x.sh                     25B
  ~ staging_info.yml                   29B -> 33B
  ~ app/node_modules/ms/package.json   31B, other content
  ~ app/server.js                      5B, other content
  ~ deps/0/config.yml                  30B, other content
`,
  );
  assert.match(lost.err, /Cannot read 'lost\.tgz'/);
});

test("droplet-diff shows the ten largest changes of files, all with --all, and as JSON", async () => {
  await using user = await TestUser.create();
  const many = Array.from({ length: 15 }, (_, at) => ({
    path: `app/${String.fromCharCode(97 + at)}`,
    content: "x".repeat(at + 1),
  }));
  await writeFile(path.join(user.home, "a.tgz"), dropletArchive(appFiles));
  await writeFile(path.join(user.home, "b.tgz"), dropletArchive([...appFiles, ...many]));

  const few = await user.run(["droplet-diff", "a.tgz", "b.tgz"]);
  const all = await user.run(["droplet-diff", "a.tgz", "b.tgz", "--all"]);
  const json = await user.run(["droplet-diff", "a.tgz", "b.tgz", "--json"]);

  const shown = (text: string) => [...text.matchAll(/\+ app\/(\w) /g)].map(([, name]) => name);
  assert.equal(shown(few.out).join(""), "onmlkjihgf");
  assert.match(few.out, /\.\.\. and 5 more: see them with --all/);
  assert.equal(shown(all.out).join(""), "abcdefghijklmno");
  const parsed = z
    .object({ files: z.object({ changes: z.array(z.object({ name: z.string() })) }) })
    .parse(JSON.parse(json.out));
  assert.equal(parsed.files.changes.length, 15);
  assert.equal(json.code, 1);
});
