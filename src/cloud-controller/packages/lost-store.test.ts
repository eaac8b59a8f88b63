import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { openS3Blobstore } from "#blobstore/s3-blobstore.ts";
import { parseS3Url } from "#blobstore/s3-location.ts";
import { s3Credentials, startS3Server, withoutS3Server } from "#blobstore/testing/s3-server.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

/** Three parts of an upload to S3, of which the second is on its way then. */
const content = randomBytes(20 * 1024 * 1024);
const killedAfterBytes = 10 * 1024 * 1024;

test(
  "a store that is killed while a package goes to it fails the package, keeps none of it, and takes the next",
  { skip: withoutS3Server },
  async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await startS3Server());
    const proxy = stack.use(await countingProxy(server.url));
    const spoolDirectory = await mkdtemp(path.join(tmpdir(), "s3-spool-"));
    stack.defer(() => rm(spoolDirectory, { recursive: true }));
    const bucket = await server.makeBucket();
    const blobstore = stack.use(
      await openS3Blobstore({
        location: parseS3Url(`s3://${bucket}?endpoint=${proxy.url}`),
        spoolDirectory,
        credentials: s3Credentials,
        attempts: 2,
      }),
    );
    const cc = stack.use(await TestCloudController.start({ blobstore }));
    const developer = await Developer.admin(cc);
    const app = await developer.createApp("a");
    const zip = buildZip([{ name: "big", content, stored: true }]);

    proxy.afterBytes(killedAfterBytes, () => server.kill());
    const failed = await developer.packageOf(app, zip);
    await server.restart();

    assert.equal(failed.json.state, "FAILED", failed.text);
    assert.equal(
      failed.json.data.error,
      "Failed to perform operation due to blobstore unavailability.",
    );
    assert.equal(await blobstore.stat(packageBlob(failed.json.guid)), undefined);
    const uploads = path.join(cc.directory, "work/uploads");
    await eventually(async () => ((await readdir(uploads)).length === 0 ? true : undefined));
    assert.deepEqual(await readdir(spoolDirectory), []);
    const again = await developer.packageOf(app, zip);
    assert.equal(again.json.state, "READY", again.text);
    const stored = await buffer(await blobstore.get(packageBlob(again.json.guid)));
    assert.ok(stored.includes(content));
  },
);

/** Passes bytes on to the server as they are, and tells when so many have been. */
async function countingProxy(target: string) {
  let left = Number.POSITIVE_INFINITY;
  let tell = (): void => undefined;
  const proxy = createServer((client) => {
    const onward = connect(Number(new URL(target).port), "127.0.0.1");
    client.on("data", (chunk: Buffer) => {
      const before = left;
      left -= chunk.length;
      if (before > 0 && left <= 0) tell();
    });
    client.pipe(onward).pipe(client);
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    afterBytes(count: number, then: () => void) {
      left = count;
      tell = then;
    },
    async [Symbol.asyncDispose]() {
      proxy.close();
    },
  };
}
