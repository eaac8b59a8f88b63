import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { request } from "undici";
import { runChecked } from "#kernel/process/run-command.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { collidingFiles } from "../testing/sha1-collision.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

const [good, evil] = collidingFiles;

const resource = {
  checksum: { value: hash("sha1", good) },
  size_in_bytes: good.length,
  path: "matched",
  mode: "0644",
};

async function matchesOf(caller: Caller): Promise<number> {
  const answer = await caller.post("/v3/resource_matches", { resources: [resource] });
  return answer.json.resources.length;
}

/** What the file `matched` of a package is. */
async function matchedFile(cc: TestCloudController, developer: Developer, guid: string) {
  const redirect = await developer.caller.get(`/v3/packages/${guid}/download`);
  const { body } = await request(String(redirect.headers["location"]));
  const zip = path.join(cc.directory, `${guid}.zip`);
  await writeFile(zip, Buffer.from(await body.arrayBuffer()));
  const folder = path.join(cc.directory, guid);
  await runChecked("unzip", ["-q", zip, "-d", folder]);
  return (await runChecked("sha256sum", [path.join(folder, "matched")])).slice(0, 64);
}

test("the two files are different and have one SHA-1", () => {
  assert.equal(hash("sha1", good), hash("sha1", evil));
  assert.notDeepEqual(good, evil);
});

test("a file that collides with one of another organization takes its place nowhere", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  const organization = await admin.caller.post("/v3/organizations", { name: "theirs" });
  const space = await admin.caller.post("/v3/spaces", {
    name: "theirs",
    relationships: { organization: { data: { guid: organization.json.guid } } },
  });
  const place = { spaceGuid: space.json.guid, organizationGuid: organization.json.guid };
  const attacker = await userWith(cc, "attacker", { ...place, types: ["space_developer"] });
  const theirs = Developer.as(cc, attacker);
  const victimPlace = await firstSpace(admin.caller);
  const victim = Developer.as(
    cc,
    await userWith(cc, "victim", { ...victimPlace, types: ["space_developer"] }),
  );
  const app = await victim.createApp("good", victimPlace.spaceGuid);
  const evilApp = await theirs.createApp("evil", place.spaceGuid);

  // Whoever comes first: the attacker waits there with the file already.
  await theirs.packageOf(evilApp, buildZip([{ name: "f", content: evil }]));
  assert.equal(await matchesOf(victim.caller), 0);
  await victim.packageOf(app, buildZip([{ name: "f", content: good }]));
  const matched = await victim.packageOf(app, buildZip([{ name: "x", content: "x" }]), [resource]);
  const theirMatched = await theirs.packageOf(evilApp, buildZip([{ name: "x", content: "x" }]), [
    resource,
  ]);

  assert.equal(await matchesOf(victim.caller), 1);
  assert.equal(matched.json.state, "READY", matched.text);
  assert.equal(await matchedFile(cc, victim, matched.json.guid), hash("sha256", good));
  assert.equal(await matchedFile(cc, theirs, theirMatched.json.guid), hash("sha256", evil));
});

test("where one organization has both files neither is matched, and each push sends its own", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  await developer.packageOf(app, buildZip([{ name: "f", content: good }]));
  assert.equal(await matchesOf(developer.caller), 1);

  const second = await developer.packageOf(app, buildZip([{ name: "matched", content: evil }]));
  const refused = await developer.packageOf(app, buildZip([{ name: "x", content: "x" }]), [
    resource,
  ]);
  const third = await developer.packageOf(app, buildZip([{ name: "matched", content: good }]));

  assert.equal(await matchesOf(developer.caller), 0);
  assert.equal(refused.json.state, "FAILED", refused.text);
  assert.equal(await matchedFile(cc, developer, second.json.guid), hash("sha256", evil));
  assert.equal(await matchedFile(cc, developer, third.json.guid), hash("sha256", good));
});
