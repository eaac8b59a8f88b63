import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { sha1Of } from "../testing/resource-cache-bed.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

const contents = { "bin/run": "first", "copy/of/run": "first", "lib.js": "second" };
const files = Object.entries(contents).map(([name, content]) => ({ name, content }));

function resource(name: string, content: string) {
  const size = Buffer.byteLength(content);
  return { path: name, mode: "755", checksum: { value: sha1Of(content) }, size_in_bytes: size };
}

const listed = files.map(({ name, content }) => resource(name, content));

async function matchMinimally(caller: Caller, resources: unknown) {
  const prefer = { prefer: "respond-async, return=minimal" };
  return await caller.send("POST", "/v3/resource_matches", { resources }, prefer);
}

test("a match that is asked for in short is named by an upload in place of its files, once", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  await developer.packageOf(app, buildZip(files));
  const fresh = buildZip([{ name: "new", content: "never seen" }]);

  const matched = await matchMinimally(developer.caller, [
    resource("new", "never seen"),
    ...listed,
    { ...resource("unreadable", "first"), mode: "044" },
    { ...resource("", "first"), path: null },
    { ...resource("other-size", "first"), size_in_bytes: 7 },
  ]);

  assert.equal(matched.status, 201);
  assert.equal(matched.headers["preference-applied"], "return=minimal");
  assert.deepEqual(matched.json.missing, [0, 4, 5, 6]);
  const named = [{ reference: matched.json.reference }];
  const byName = await developer.packageOf(app, fresh, named);
  const byList = await developer.packageOf(app, fresh, listed);
  assert.equal(byName.json.state, "READY", byName.text);
  assert.equal(byName.json.data.checksum.value, byList.json.data.checksum.value);
  const guid = await developer.createPackage(app);
  const again = await developer.uploadBits(guid, fresh, named);
  assert.equal(again.status, 422);
  assert.equal(again.json.errors[0].detail, "Resources refer to a match that is not known");
  assert.equal((await developer.uploadBits(guid, fresh, listed)).status, 200);
});

test("a match of nothing, or with matching off, names nothing", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  await developer.packageOf(await developer.createApp("a"), buildZip(files));

  const unknown = await matchMinimally(developer.caller, [resource("a", "never seen")]);
  assert.deepEqual(unknown.json.missing, [0]);
  await developer.caller.patch("/v3/feature_flags/resource_matching", { enabled: false });
  const off = await matchMinimally(developer.caller, listed);

  assert.deepEqual(off.json.missing, [0, 1, 2]);
});

test("who loses his role after the match gets no file of that organization by it", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  await admin.packageOf(await admin.createApp("a"), buildZip(files));
  const first = await firstSpace(admin.caller);
  const other = await otherSpace(admin.caller);
  const types = ["space_developer"] as const;
  await userWith(cc, "user", { ...other, types });
  const user = Developer.as(cc, await userWith(cc, "user", { ...first, types }));
  const app = await user.createApp("mine", other.spaceGuid);
  const before = await matchMinimally(user.caller, listed);
  const { reference } = (await matchMinimally(user.caller, listed)).json;
  const fresh = buildZip([{ name: "new" }]);
  const allowed = await user.packageOf(app, fresh, [{ reference: before.json.reference }]);

  const role = `/v3/roles?space_guids=${first.spaceGuid}&user_guids=user-guid&types=space_developer`;
  const { guid } = (await admin.caller.get(role)).json.resources[0];
  await admin.caller.delete(`/v3/roles/${guid}`);
  await eventually(async () =>
    (await admin.caller.get(`/v3/roles/${guid}`)).status === 404 ? true : undefined,
  );
  const refused = await user.packageOf(app, fresh, [{ reference }]);

  assert.equal(allowed.json.state, "READY", allowed.text);
  assert.equal(refused.json.state, "FAILED", refused.text);
  assert.match(refused.json.data.error, /a matched file is no longer there; push again$/);
});

async function otherSpace(admin: Caller) {
  const organization = await admin.post("/v3/organizations", { name: "other" });
  const organizationGuid = String(organization.json.guid);
  const space = await admin.post("/v3/spaces", {
    name: "other",
    relationships: { organization: { data: { guid: organizationGuid } } },
  });
  return { organizationGuid, spaceGuid: String(space.json.guid) };
}
