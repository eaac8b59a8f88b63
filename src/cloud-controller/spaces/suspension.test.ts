import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

test("a suspended space takes changes from its organization's managers alone", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const path = `/v3/spaces/${place.spaceGuid}`;
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const manager = await userWith(cc, "space-manager", { ...place, types: ["space_manager"] });
  const chief = await userWith(cc, "manager", { ...place, types: ["organization_manager"] });
  const app = (name: string) => ({
    name,
    relationships: { space: { data: { guid: place.spaceGuid } } },
  });

  assert.equal((await manager.patch(path, { suspended: true })).status, 403);
  const suspended = await chief.patch(path, { suspended: true });
  assert.equal(suspended.json.suspended, true);
  const refused = await developer.post("/v3/apps", app("a"));
  assert.equal(refused.status, 403);
  assert.deepEqual(refused.json.errors, [
    { code: 10019, title: "CF-SpaceSuspended", detail: "The space is suspended" },
  ]);
  assert.equal((await developer.get(path)).status, 200);
  assert.equal((await chief.patch(path, { suspended: false })).json.suspended, false);
  assert.equal((await developer.post("/v3/apps", app("a"))).status, 201);
});

test("a manifest is applied in a suspended organization by an administrator alone", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  await admin.patch(`/v3/organizations/${place.organizationGuid}`, { suspended: true });
  const send = (caller: Caller, action: string) =>
    caller.send("POST", `/v3/spaces/${place.spaceGuid}/${action}`, "applications: [{name: a}]", {
      "content-type": "application/x-yaml",
    });

  for (const action of ["actions/apply_manifest", "manifest_diff"]) {
    const refused = await send(developer, action);
    assert.equal(refused.status, 403, action);
    assert.deepEqual(refused.json.errors, [
      { code: 10017, title: "CF-OrgSuspended", detail: "The organization is suspended" },
    ]);
  }
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
  const applied = await admin.job(await send(admin, "actions/apply_manifest"));
  assert.equal(applied.json.state, "COMPLETE", applied.text);
  assert.equal((await admin.get("/v3/apps?names=a")).json.pagination.total_results, 1);
});

test("while an organization is deleted nobody but an administrator changes it; a failed deletion reopens it", async () => {
  await using cc = await TestCloudController.start({ bbs: new FakeBbs() });
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const chief = await userWith(cc, "manager", { ...place, types: ["organization_manager"] });
  await Developer.as(cc, admin).createApp("kept");
  const other = (await admin.post("/v3/organizations", { name: "other" })).json.guid;
  const domain = await admin.post("/v3/domains", {
    name: "shared.test",
    relationships: {
      organization: { data: { guid: place.organizationGuid } },
      shared_organizations: { data: [{ guid: other }] },
    },
  });
  assert.equal(domain.status, 201, domain.text);

  const accepted = await admin.delete(`/v3/organizations/${place.organizationGuid}`);
  const failed = await admin.job(accepted);
  assert.equal(failed.json.state, "FAILED");
  assert.deepEqual(failed.json.errors, [
    {
      code: 290010,
      title: "CF-OrganizationDeletionFailed",
      detail:
        "Deletion of organization rivera failed because one or more resources within could not be deleted.\n\nDomain 'shared.test' is shared with other organizations. Unshare before deleting.",
    },
  ]);
  const renamed = await chief.patch(`/v3/organizations/${place.organizationGuid}`, { name: "r" });
  assert.equal(renamed.status, 200, renamed.text);
  const apps = await developer.get("/v3/apps");
  assert.equal(apps.json.pagination.total_results, 1);
});

test("a deletion in progress is told to who would change what is going", async () => {
  const bbs = new FakeBbs();
  const removed = Promise.withResolvers<void>();
  bbs.removeDesiredLrp = async () => await removed.promise;
  await using cc = await TestCloudController.start({ bbs });
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const guid = await Developer.as(cc, admin).createApp("going");

  const accepted = await admin.delete(`/v3/organizations/${place.organizationGuid}`);
  const refused = await developer.patch(`/v3/apps/${guid}`, { name: "late" });
  removed.resolve();
  const job = await admin.job(accepted);

  assert.equal(refused.status, 422, refused.text);
  assert.deepEqual(refused.json.errors, [
    {
      code: 10020,
      title: "CF-ResourceBeingDeleted",
      detail: "The organization is being deleted",
    },
  ]);
  assert.equal(job.json.state, "COMPLETE", job.text);
});
