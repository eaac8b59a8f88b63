import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { json } from "node:stream/consumers";
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

test("an upload that announces more than may come is refused before it is sent", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));
  const token = await cc.token({ userGuid: "admin-guid", scopes: ["cloud_controller.admin"] });
  const sending = request(`${cc.url}/v3/packages/${guid}/upload`, {
    method: "POST",
    headers: {
      authorization: `bearer ${token}`,
      "content-type": "multipart/form-data; boundary=b",
      "content-length": 5 * 1024 ** 3,
    },
  });
  sending.on("error", () => undefined);

  sending.write("--b\r\n");
  const [answer] = await once(sending, "response");

  assert.equal(answer.statusCode, 413);
  assert.deepEqual(await json(answer), {
    errors: [{ code: 1004, title: "CF-PayloadTooLarge", detail: "The request body is too large" }],
  });
  sending.destroy();
  const found = await developer.caller.get(`/v3/packages/${guid}`);
  assert.equal(found.json.state, "AWAITING_UPLOAD");
});

test("a stored file is not for a client to name: bits_path in the query is 422, whatever is there", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  for (const resource of ["packages", "droplets", "buildpacks"]) {
    const upload = `/v3/${resource}/literally-any-guid/upload`;
    const refused = await admin.post(`${upload}?bits_path=%27some/path%27`);
    assert.deepEqual([refused.status, refused.json.errors[0].code], [422, 10008], resource);
    assert.notEqual((await admin.post(upload)).status, 422, resource);
  }
});
