import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { testBlobstoreContract } from "./blobstore.contract.test.ts";
import { BlobstoreUnavailable, type BlobKey } from "./blobstore.ts";
import { openS3Blobstore, S3Blobstore, type S3BlobstoreConfig } from "./s3-blobstore.ts";
import { parseS3Url } from "./s3-location.ts";
import {
  s3Credentials,
  startS3Server,
  until,
  withoutS3Server,
  type S3Server,
} from "./testing/s3-server.ts";

const key: BlobKey = { bucket: "cc-packages", path: "ab/cd/abcd-guid" };

let starting: Promise<S3Server> | undefined;
after(async () => (await starting)?.[Symbol.asyncDispose]());

async function openStore(
  options: { query?: string; endpoint?: string; signedUrlSeconds?: number } = {},
) {
  const server = await (starting ??= startS3Server());
  const spoolDirectory = await mkdtemp(path.join(tmpdir(), "s3-spool-"));
  const bucket = await server.makeBucket();
  const endpoint = options.endpoint ?? server.url;
  const config: S3BlobstoreConfig = {
    location: parseS3Url(`s3://${bucket}/some/prefix?endpoint=${endpoint}${options.query ?? ""}`),
    spoolDirectory,
    credentials: s3Credentials,
    signedUrlSeconds: options.signedUrlSeconds ?? 60,
  };
  const store = await openS3Blobstore(config);
  const fileOf = (of: BlobKey) => server.fileOf(bucket, `some/prefix/${of.bucket}/${of.path}`);
  return {
    store,
    config,
    corrupt: async (of: BlobKey) => {
      await using file = await open(fileOf(of), "r+");
      await file.write(Buffer.from([0xff]), 0, 1, 0);
    },
    async [Symbol.asyncDispose]() {
      store[Symbol.dispose]();
      await rm(spoolDirectory, { recursive: true });
    },
  };
}

if (withoutS3Server === false) testBlobstoreContract("s3 blobstore", openStore);
else test("the contract of blobstores on S3", { skip: withoutS3Server }, () => undefined);

test(
  "what was spooled is gone after a write, and what a killed process left at the next start",
  { skip: withoutS3Server },
  async () => {
    await using opened = await openStore();
    await opened.store.put(key, Readable.from(["x"]));
    const { spoolDirectory } = opened.config;
    assert.deepEqual(await readdir(spoolDirectory), []);
    await (await open(path.join(spoolDirectory, "half"), "w")).close();

    using _again = await openS3Blobstore(opened.config);

    assert.deepEqual(await readdir(spoolDirectory), []);
  },
);

test(
  "paths() goes on where an answer ends: after a thousand",
  { skip: withoutS3Server },
  async () => {
    await using opened = await openStore();
    for (let start = 0; start < 1_001; start += 91) {
      await Promise.all(
        Array.from({ length: 91 }, (_, index) =>
          opened.store.put({ ...key, path: `ab/${start + index}` }, Readable.from(["x"])),
        ),
      );
    }
    const below = { bucket: "cc-packages", folder: "ab" } as const;

    const found = async () => {
      const paths = new Set<string>();
      for await (const each of opened.store.paths(below)) paths.add(each);
      return paths.size;
    };
    assert.equal(await found(), 1_001);
    await opened.store.deleteAll(below);
    assert.equal(await found(), 0);
  },
);

test(
  "a signed URL gives the blob to whoever has it, until it expires",
  { skip: withoutS3Server },
  async () => {
    await using opened = await openStore({ query: "&signed-urls=true", signedUrlSeconds: 2 });
    await opened.store.put(key, Readable.from(["hello"]));

    const url = (await opened.store.signedUrl(key)) ?? "";

    const answer = await fetch(url);
    assert.deepEqual([answer.status, await answer.text()], [200, "hello"]);
    assert.equal((await fetch(url.replace("abcd-guid", "other"))).status, 403);
    await until(async () => (await fetch(url)).status === 403);
  },
);

test("a store that is not told to gives no signed URL", { skip: withoutS3Server }, async () => {
  await using opened = await openStore();

  assert.equal(await opened.store.signedUrl(key), undefined);
});

/** Passes everything on to the server, but answers 503 to the first requests after `failNext`. */
async function flakyProxy(target: string) {
  let failures = 0;
  const proxy: Server = createServer((incoming, outgoing) => {
    if (failures > 0) {
      failures -= 1;
      incoming.resume();
      outgoing.writeHead(503, { connection: "close" }).end();
      return;
    }
    const { method, headers } = incoming;
    const onward = request(new URL(incoming.url ?? "/", target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    failNext: (count: number) => {
      failures = count;
    },
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

test(
  "a store that fails three times is asked again, and one that goes on failing is unavailable",
  { skip: withoutS3Server },
  async () => {
    const server = await (starting ??= startS3Server());
    await using proxy = await flakyProxy(server.url);
    await using opened = await openStore({ endpoint: proxy.url });

    proxy.failNext(3);
    await opened.store.put(key, Readable.from(["hello"]));
    proxy.failNext(3);
    assert.equal(await text(await opened.store.get(key)), "hello");
    proxy.failNext(1_000);
    await assert.rejects(opened.store.get(key), BlobstoreUnavailable);
    await assert.rejects(opened.store.put(key, Readable.from(["new"])), BlobstoreUnavailable);
    proxy.failNext(0);
    assert.equal(await text(await opened.store.get(key)), "hello");
  },
);

test(
  "a bucket that is not there, or a wrong secret, is told at the start and without the secret",
  { skip: withoutS3Server },
  async () => {
    await using opened = await openStore();
    const { config } = opened;
    const { location } = config;

    const missing = { ...config, location: { ...location, bucket: "no-such-bucket" } };
    await assert.rejects(openS3Blobstore(missing), /Cannot use the bucket "no-such-bucket"/);
    const credentials = { ...s3Credentials, secretAccessKey: "wrong-secret" };
    await assert.rejects(openS3Blobstore({ ...config, credentials }), (error) => {
      assert.ok(error instanceof BlobstoreUnavailable);
      assert.doesNotMatch(error.message, /wrong-secret/);
      return true;
    });
  },
);

test("objects are addressed by path or by virtual host, at Amazon's own or another endpoint", async () => {
  for (const [url, expected] of [
    [
      "s3://my-bucket/p?signed-urls=true&region=eu-west-1",
      "https://my-bucket.s3.eu-west-1.amazonaws.com/p/cc-packages/ab/cd/abcd-guid",
    ],
    [
      "s3://my-bucket?signed-urls=true&region=eu-west-1&path-style=true",
      "https://s3.eu-west-1.amazonaws.com/my-bucket/cc-packages/ab/cd/abcd-guid",
    ],
    [
      "s3://my-bucket/p?signed-urls=true&endpoint=http://127.0.0.1:9",
      "http://127.0.0.1:9/my-bucket/p/cc-packages/ab/cd/abcd-guid",
    ],
    [
      "s3://my-bucket/p?signed-urls=true&endpoint=https://s3.example.com&path-style=false",
      "https://my-bucket.s3.example.com/p/cc-packages/ab/cd/abcd-guid",
    ],
  ] as const) {
    using store = new S3Blobstore({
      location: parseS3Url(url),
      spoolDirectory: tmpdir(),
      credentials: s3Credentials,
    });

    const signed = new URL((await store.signedUrl(key)) ?? "");

    assert.equal(`${signed.origin}${signed.pathname}`, expected);
    assert.equal(signed.searchParams.get("X-Amz-Expires"), "3600");
  }
});
