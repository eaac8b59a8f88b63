import { hash, randomBytes } from "node:crypto";
import { globSync, readdirSync } from "node:fs";
import path from "node:path";
import { argv } from "node:process";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { Blobstore, BlobKey } from "#blobstore/blobstore.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { nextTurn } from "#kernel/clock/next-turn.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { migrations } from "../database/migrations/all.ts";
import { buildZip } from "./build-zip.ts";
import { Developer } from "./developer.ts";
import { eventually } from "./eventually.ts";
import { TestCloudController } from "./test-cloud-controller.ts";

// A Cloud Controller that is killed while it makes a package of new files, one if not said otherwise, and one matched file:
// `node upload-and-die.ts DIRECTORY POINT [FILES]`. A point is "before" or "after" and a blob's being stored or found
// (`before put cc-resources`, `after link cc-resources`), `after` and the beginning of a statement
// (`after update "packages"`), with a number behind it, the nth time; or `while` and a file of the upload's directory that
// is being written (`while package.zip`); or `answered at` and a blob's being stored or found, which then takes until the upload is
// answered (`answered at put cc-packages`).
const [, , directory = "", wanted = "", files = "1"] = argv;
const [, point = "", count = "1"] = /^(.*?)(?: #(\d+))?$/.exec(wanted) ?? [];
let left = Number(count);
let isArmed = false;

const store = await openDiskBlobstore({
  directory: path.join(directory, "blobs"),
  minimumFreeBytes: 0,
});
const putFile: Blobstore["putFile"] = async (key, file, known) => {
  const bucket = typeof key === "function" ? "" : key.bucket;
  await holdAt(`put ${bucket}`);
  reach(`before put ${bucket}`);
  const info = await store.putFile(key, file, known);
  reach(`after put ${bucket}`);
  return info;
};
const link = async (key: BlobKey, name: string) => {
  const isLinked = await store.link(key, name);
  await holdAt(`link ${key.bucket}`);
  reach(`after link ${key.bucket}`);
  return isLinked;
};
const blobstore = new Proxy(store, {
  get: (target, name) => {
    if (name === "putFile") return putFile;
    if (name === "link") return link;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
});
const database: DatabaseConfig = {
  ...(await testDatabase(migrations, path.join(directory, "cloud-controller.db"))),
  onQuery: (sql) => reach(`after ${sql}`),
};
await using cc = await TestCloudController.start({ directory, blobstore, config: { database } });
const developer = await Developer.admin(cc);
const app = await developer.createApp("a");
await developer.packageOf(app, buildZip([{ name: "one", content: "content of one" }]));
const uploads = path.join(directory, "work/uploads");
await eventually(async () => (readdirSync(uploads).length === 0 ? true : undefined));
isArmed = true;
if (point.startsWith("while ")) void whileThere(point.slice("while ".length));
const many = Array.from({ length: Number(files) - 1 }, (_, index) => ({
  name: `more-${index}`,
  content: randomBytes(10_000),
}));
const found = await developer.createPackage(app);
await developer.uploadBits(found, buildZip([{ name: "two", content: "content of two" }, ...many]), [
  {
    checksum: { value: hash("sha1", "content of one") },
    size_in_bytes: "content of one".length,
    path: "matched",
    mode: "644",
  },
]);
reach("answered at");
await eventually(async () => {
  const { json } = await developer.caller.get(`/v3/packages/${found}`);
  return json.state === "PROCESSING_UPLOAD" ? undefined : json;
});

/** For good, where the point is that an upload is answered while this step is under way. */
async function holdAt(step: string): Promise<void> {
  if (isArmed && point === `answered at ${step}`) await new Promise(() => undefined);
}

function reach(reached: string): void {
  const isThere = reached === "answered at" ? point.startsWith(reached) : reached.startsWith(point);
  if (!isArmed || !isThere) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

/** Looks each turn of the event loop: what is written, another thread or the kernel writes. */
async function whileThere(name: string): Promise<void> {
  for (;;) {
    if (globSync(path.join(uploads, "*", name)).length > 0) reach(point);
    await nextTurn();
  }
}
