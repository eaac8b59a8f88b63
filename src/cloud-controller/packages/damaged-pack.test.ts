import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { sha1Of } from "../testing/resource-cache-bed.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const damages: readonly (readonly [string, (pack: string) => Promise<void>, RegExp])[] = [
  [
    "a byte of it has flipped",
    async (pack) => {
      const bytes = await readFile(pack);
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
      await writeFile(pack, bytes);
    },
    /^There was an error when pushing this app. Please retry your push again$/,
  ],
  [
    "it is cut off",
    (pack) => truncate(pack, 50),
    /^There was an error when pushing this app. Please retry your push again$/,
  ],
  ["it is gone", (pack) => rm(pack), /a matched file is no longer there; push again$/],
];

for (const [what, damage, message] of damages) {
  test(`of a pack the next push says to push again where ${what}, and the one after it brings every file of it anew`, async () => {
    await using cc = await TestCloudController.start();
    const developer = await Developer.admin(cc);
    const app = await developer.createApp("a");
    const files = ["a", "b", "c"].map((name) => ({
      name,
      content: randomBytes(90).toString("hex"),
    }));
    await developer.packageOf(app, buildZip(files));
    await damage(await onlyPack(cc));
    const match = async () => {
      const resources = files.map(({ name, content }) => ({
        path: name,
        mode: "644",
        checksum: { value: sha1Of(content) },
        size_in_bytes: content.length,
      }));
      return (await developer.caller.post("/v3/resource_matches", { resources })).json.resources;
    };

    const failed = await developer.packageOf(app, buildZip([{ name: "new" }]), await match());

    assert.equal(failed.json.state, "FAILED", failed.text);
    assert.match(failed.json.data.error, message);
    assert.deepEqual(await match(), []);
    const brought = await developer.packageOf(app, buildZip(files));
    assert.equal(brought.json.state, "READY", brought.text);
    const matched = await match();
    assert.equal(matched.length, files.length);
    const again = await developer.packageOf(app, buildZip([{ name: "new" }]), matched);
    assert.equal(again.json.state, "READY", again.text);
  });
}

async function onlyPack(cc: TestCloudController): Promise<string> {
  const folder = path.join(cc.directory, "blobs/cc-resources");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const [pack, ...more] = entries.filter((entry) => entry.isFile());
  assert.ok(pack !== undefined && more.length === 0);
  return path.join(pack.parentPath, pack.name);
}
