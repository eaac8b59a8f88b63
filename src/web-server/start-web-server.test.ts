import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { bundlePage } from "./bundle-page.ts";
import { startWebServer } from "./start-web-server.ts";

const cacheDir = mkdtempSync(path.join(tmpdir(), "web-server-test-"));
after(() => rmSync(cacheDir, { recursive: true, force: true }));
// The one bundling of this file; the servers read what it left.
before(async () => {
  mkdirSync(path.join(cacheDir, "page-of-other-sources"));
  await bundlePage({ cacheDir });
});

async function served(options: { readonly cacheDir?: string } = {}) {
  const logger = new RecordingLogger();
  const web = await startWebServer(
    { cacheDir: options.cacheDir ?? cacheDir, externalUrl: "http://127.0.0.1:9080", appsPort: 81 },
    { logger },
  );
  const server = createServer(web.handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    logger,
    port,
    get: (url: string) => fetch(`http://127.0.0.1:${port}${url}`, { redirect: "manual" }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await web[Symbol.asyncDispose]();
    },
  };
}

test("the document names its own files alone, relative to itself, and no script stands in it", async () => {
  await using web = await served();

  const answer = await web.get("/rivera/");
  const document = await answer.text();

  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const named = [...document.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address);
  assert.equal(named.length, 3, document);
  for (const address of named) {
    assert.match(address ?? "", /^assets\/\w+-[A-Z0-9]{8}\.(js|css|svg)$/);
    const asset = await web.get(`/rivera/${address}`);
    assert.equal(asset.status, 200, address);
    assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
    assert.equal(asset.headers.get("x-content-type-options"), "nosniff");
    assert.notEqual(asset.headers.get("content-type"), "application/octet-stream");
    assert.ok((await asset.text()).length > 100, address);
  }
  assert.doesNotMatch(document, /<script[^>]*>[^<]|<style|\son\w+=/);
  assert.match(document, /name="apps-port" content="81"/);
});

test("browsers are told to run, ask and be framed by nothing but this origin", async () => {
  await using web = await served();

  for (const url of ["/rivera/", "/rivera/assets/absent.js"]) {
    const { headers } = await web.get(url);
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/);
  }
});

test("addresses nearby lead to the page, and from localhost to where a login comes back", async () => {
  await using web = await served();

  const bare = await web.get("/rivera");
  assert.equal(bare.status, 308);
  assert.equal(bare.headers.get("location"), "rivera/");
  const byName = await new Promise<{ status: number | undefined; to: string | undefined }>(
    (resolve, reject) => {
      const asked = { port: web.port, path: "/rivera/", headers: { host: "localhost:9080" } };
      request(asked, (response) => {
        response.resume();
        resolve({ status: response.statusCode, to: response.headers.location });
      })
        .on("error", reject)
        .end();
    },
  );
  assert.deepEqual(byName, { status: 302, to: "http://127.0.0.1:9080/rivera/" });
  for (const url of ["/rivera/apps", "/rivera/assets/..%2f..%2fpackage.json", "/rivera/../x"]) {
    assert.equal((await web.get(url)).status, 404, url);
  }
});

test("the page is bundled once for the same sources, and nothing half made or of others stays", async () => {
  const before = readdirSync(cacheDir);
  const [one, two] = await Promise.all([bundlePage({ cacheDir }), bundlePage({ cacheDir })]);

  assert.equal(one.document, two.document);
  assert.deepEqual(readdirSync(cacheDir), before);
  assert.equal(before.length, 1);
});

test("a page that cannot be made is said to be so, and tried again", async () => {
  await using web = await served({ cacheDir: "/dev/null/no-folder" });

  const answer = await web.get("/rivera/");

  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /platform's log/);
  assert.equal(web.logger.lines.at(-1)?.event, "page-failed");
});
