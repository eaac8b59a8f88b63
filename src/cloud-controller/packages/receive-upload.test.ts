import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a multipart body without a boundary, or cut off, is a parse error", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));
  const upload = async (contentType: string, body: string) => {
    const answer = await developer.caller.send("POST", `/v3/packages/${guid}/upload`, body, {
      "content-type": contentType,
    });
    return [answer.status, answer.json.errors[0].code];
  };
  const head = '--b\r\nContent-Disposition: form-data; name="bits"; filename="p.zip"\r\n\r\nPK';

  assert.deepEqual(await upload("multipart/form-data", "--b--\r\n"), [400, 1001]);
  assert.deepEqual(await upload("multipart/form-data; boundary=b", head), [400, 1001]);
  assert.deepEqual(
    await upload(`multipart/form-data; boundary=${"b".repeat(300)}`, "x"),
    [400, 1001],
  );
});

test("resources are counted before they are looked at", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));

  const refused = await developer.upload(`/v3/packages/${guid}/upload`, [
    { name: "resources", content: `[${"1,".repeat(200_000)}1]` },
  ]);

  assert.equal(refused.status, 422);
  assert.match(refused.json.errors[0].detail, /at most 200000 resources/);
});
