import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { handoverHeader } from "#kernel/http/file-handover.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const name = "0123456789abcdef";
const digest = (content: string) =>
  `sha-256=:${createHash("sha256").update(content).digest("base64")}:`;

/** A build under way, with what a cell of the same machine may do. */
async function staging(t: TestContext) {
  const handover = await mkdtemp(path.join(tmpdir(), "handover-"));
  t.after(() => rm(handover, { recursive: true }));
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs, staging: { handoverDirectory: handover } });
  t.after(() => cc[Symbol.asyncDispose]());
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const bits = buildZip([{ name: "Procfile", content: "web: x" }]);
  const build = await developer.build((await developer.packageOf(app, bits)).json.guid);
  const task = JSON.stringify(bbs.taskMap.get(build.json.guid)?.definition);
  const url = (pattern: RegExp) => pattern.exec(task)?.[0] ?? assert.fail(String(pattern));
  return {
    cc,
    handover,
    files: () => readdir(handover),
    packageUrl: url(/http:[^"]*\/cc-packages\/[^"]*/),
    dropletUrl: url(/http:[^"]*\/internal\/v4\/droplets[^"]*/),
  };
}

test("a cell of this machine gets a blob as a file, and may ask again", async (t) => {
  const { cc, handover, packageUrl } = await staging(t);
  const bytes = await cc.cell("GET", packageUrl);

  for (const file of [name, `${name}-2`]) {
    const answer = await cc.cell("GET", packageUrl, undefined, { [handoverHeader]: file });
    assert.deepEqual([answer.status, answer.text], [200, ""]);
    assert.equal(answer.headers[handoverHeader], file);
    assert.equal(await readFile(path.join(handover, file), "utf8"), bytes.text);
  }
});

test("who asks for a file under a name that is none gets bytes", async (t) => {
  const { cc, files, packageUrl } = await staging(t);

  for (const file of ["../0123456789abcdef", "short", `${name}/x`]) {
    const answer = await cc.cell("GET", packageUrl, undefined, { [handoverHeader]: file });
    assert.equal(answer.headers[handoverHeader], undefined);
    assert.notEqual(answer.text, "");
  }

  assert.deepEqual(await files(), []);
});

test("a droplet that is handed over is taken away and stored; one that is not what it should be is left", async (t) => {
  const { cc, handover, files, dropletUrl } = await staging(t);
  const hand = async (content: string, said: string) => {
    await writeFile(path.join(handover, name), content);
    const headers = { [handoverHeader]: name, "content-digest": digest(said) };
    return await cc.cell("POST", dropletUrl, undefined, headers);
  };

  const wrong = await hand("a droplet", "another");
  assert.equal(wrong.json.errors[0].title, "CF-StagingError");
  assert.deepEqual(await files(), [name]);

  const right = await hand("a droplet", "a droplet");
  assert.equal(right.status, 200, right.text);
  assert.deepEqual(await files(), []);
  const blobs = path.join(cc.directory, "blobs", "cc-droplets");
  const stored = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  assert.equal(stored.length, 1);
  const [{ parentPath, name: stem } = assert.fail()] = stored;
  assert.equal(await readFile(path.join(parentPath, stem), "utf8"), "a droplet");
});
