import path from "node:path";
import { argv } from "node:process";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { buildZip } from "./build-zip.ts";
import { Developer } from "./developer.ts";
import { TestCloudController } from "./test-cloud-controller.ts";

// A Cloud Controller that is killed while it makes a package: `node upload-and-die.ts DIRECTORY POINT`. The points are
// "before" and "after" of each blob's being stored: `before cc-resources`, `after cc-packages`, ...
const [, , directory = "", point = ""] = argv;
const store = await openDiskBlobstore({
  directory: path.join(directory, "blobs"),
  minimumFreeBytes: 0,
});
const putFile: Blobstore["putFile"] = async (key, file) => {
  const bucket = typeof key === "function" ? "" : key.bucket;
  dieAt(`before ${bucket}`);
  const info = await store.putFile(key, file);
  dieAt(`after ${bucket}`);
  return info;
};
const blobstore = new Proxy(store, {
  get: (target, name) => {
    if (name === "putFile") return putFile;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
});
await using cc = await TestCloudController.start({ directory, blobstore });
const developer = await Developer.admin(cc);
const app = await developer.createApp("a");
await developer.packageOf(app, buildZip([{ name: "one", content: "content of one" }]));

function dieAt(reached: string): void {
  if (reached === point) process.kill(process.pid, "SIGKILL");
}
