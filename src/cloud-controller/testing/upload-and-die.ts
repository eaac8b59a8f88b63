import { hash } from "node:crypto";
import path from "node:path";
import { argv } from "node:process";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { Blobstore, BlobKey } from "#blobstore/blobstore.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { migrations } from "../database/migrations/all.ts";
import { buildZip } from "./build-zip.ts";
import { Developer } from "./developer.ts";
import { TestCloudController } from "./test-cloud-controller.ts";

// A Cloud Controller that is killed while it makes a package of one new and one matched file:
// `node upload-and-die.ts DIRECTORY POINT [DATABASE]`. A point is "before" or "after" and a blob's being stored or found
// (`before put cc-resources`, `after link cc-resources`), or `after` and the beginning of a statement
// (`after update "packages"`); with a number behind it, the nth time.
const [, , directory = "", wanted = ""] = argv;
const [, point = "", count = "1"] = /^(.*?)(?: #(\d+))?$/.exec(wanted) ?? [];
let left = Number(count);
let isArmed = false;

const store = await openDiskBlobstore({
  directory: path.join(directory, "blobs"),
  minimumFreeBytes: 0,
});
const putFile: Blobstore["putFile"] = async (key, file, known) => {
  const bucket = typeof key === "function" ? "" : key.bucket;
  reach(`before put ${bucket}`);
  const info = await store.putFile(key, file, known);
  reach(`after put ${bucket}`);
  return info;
};
const link = async (key: BlobKey, name: string) => {
  const isLinked = await store.link(key, name);
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
isArmed = true;
await developer.packageOf(app, buildZip([{ name: "two", content: "content of two" }]), [
  {
    checksum: { value: hash("sha1", "content of one") },
    size_in_bytes: "content of one".length,
    path: "matched",
    mode: "644",
  },
]);

function reach(reached: string): void {
  if (!isArmed || !reached.startsWith(point)) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}
