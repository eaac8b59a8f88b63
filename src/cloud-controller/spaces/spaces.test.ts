import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { internalSecretHeader } from "#kernel/http/internal-auth.ts";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, Caller } from "../testing/test-cloud-controller.ts";

test("deleting an organization takes spaces, apps, routes, domains and roles with it", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const place = await firstSpace(admin);
  await userWith(cc, "dev", { ...place, types: ["space_developer", "organization_manager"] });
  const appGuid = await developer.createApp("app");
  const owner = { organization: { data: { guid: place.organizationGuid } } };
  const domain = await admin.post("/v3/domains", { name: "own.test", relationships: owner });
  await admin.post("/v3/routes", {
    host: "www",
    relationships: {
      space: { data: { guid: place.spaceGuid } },
      domain: { data: { guid: domain.json.guid } },
    },
  });

  const job = await admin.job(await admin.delete(`/v3/organizations/${place.organizationGuid}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  for (const gone of [
    `/v3/organizations/${place.organizationGuid}`,
    `/v3/spaces/${place.spaceGuid}`,
    `/v3/apps/${appGuid}`,
    `/v3/domains/${domain.json.guid}`,
  ]) {
    assert.equal((await admin.get(gone)).status, 404, gone);
  }
  const requests = await admin.get("/v3/audit_events?types=audit.space.delete-request");
  assert.deepEqual(
    requests.json.resources.map((event: { target: { guid: string } }) => event.target.guid),
    [place.spaceGuid],
  );
  for (const empty of ["/v3/roles", "/v3/routes", "/v3/processes"]) {
    assert.equal((await admin.get(empty)).json.pagination.total_results, 0, empty);
  }
});

test("space features, groups and what the platform does not have are answered as the client asks", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const appGuid = await developer.createApp("app");

  const ssh = await admin.patch(`/v3/spaces/${spaceGuid}/features/ssh`, { enabled: false });
  assert.equal(ssh.json.enabled, false);
  assert.deepEqual((await admin.get(`/v3/apps/${appGuid}/ssh_enabled`)).json, {
    enabled: false,
    reason: "ssh is disabled for space 'dev'",
  });
  const groups = await admin.get(`/v3/spaces/${spaceGuid}/running_security_groups`);
  assert.deepEqual(
    groups.json.resources.map((group: { name: string }) => group.name),
    ["public_networks", "dns"],
  );
  const isolation = await admin.get(
    `/v3/organizations/${organizationGuid}/relationships/default_isolation_segment`,
  );
  assert.equal(isolation.json.data, null);
  for (const list of [
    `/v3/deployments?app_guids=${appGuid}&order_by=-created_at&page=1&per_page=1&status_values=ACTIVE`,
    "/v3/service_route_bindings?include=service_instance&route_guids=x",
    `/v3/apps/${appGuid}/tasks?per_page=5000`,
    `/v3/isolation_segments?organization_guids=${organizationGuid}`,
    `/v3/service_instances?space_guids=${spaceGuid}&fields[service_plan]=guid,name&order_by=name`,
    "/v3/space_quotas",
  ]) {
    assert.deepEqual((await admin.get(list)).json.resources, [], list);
  }
});

test("roots need no token and lead clients to UAA and log-cache", async () => {
  await using cc = await TestCloudController.start();
  const nobody = new Caller(cc.url, undefined);

  const root = await nobody.get("/");
  const info = await nobody.get("/v3/info");

  assert.match(root.json.links.cloud_controller_v3.meta.version, /^\d+\.\d+\.\d+$/);
  assert.equal(root.json.links.cloud_controller_v3.href, `${cc.url}/v3`);
  assert.match(root.json.links.login.href, /\/uaa$/);
  assert.equal(root.json.links.log_cache.href, cc.url);
  assert.equal(info.json.name, "rivera");
  assert.equal((await nobody.get("/v3")).json.links.apps.href, `${cc.url}/v3/apps`);
  assert.equal((await nobody.get("/healthz")).text, "OK");
});

test("log access is told to who has the secret, by the user's own token", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const place = await firstSpace(developer.caller);
  const guid = await developer.createApp("app");
  await userWith(cc, "auditor", { ...place, types: ["space_auditor"] });
  const ask = async (claims: { userGuid: string }, secret: string) => {
    const caller = new Caller(cc.internalUrl, `bearer ${await cc.token(claims)}`);
    const answer = await caller.send("GET", `/internal/v4/log_access/${guid}`, undefined, {
      [internalSecretHeader]: secret,
    });
    return answer.status;
  };

  assert.equal(await ask({ userGuid: "auditor-guid" }, cc.secret), 200);
  assert.equal(await ask({ userGuid: "stranger" }, cc.secret), 404);
  assert.equal(await ask({ userGuid: "auditor-guid" }, "guess"), 401);
});

test("flags, environment groups and stacks are the operator's to change", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const relationships = { space: { data: { guid: place.spaceGuid } } };

  const flag = await admin.patch("/v3/feature_flags/app_scaling", {
    enabled: false,
    custom_error_message: "ask Ann",
  });
  const { guid } = (await developer.post("/v3/apps", { name: "a", relationships })).json;
  const scaled = await developer.post(`/v3/processes/${guid}/actions/scale`, { instances: 2 });
  const group = await admin.patch("/v3/environment_variable_groups/running", { var: { A: "1" } });
  const forbidden = await developer.patch("/v3/environment_variable_groups/running", {
    var: { A: "2" },
  });
  const [stack] = (await admin.get("/v3/stacks")).json.resources;
  const inUse = await admin.delete(`/v3/stacks/${stack.guid}`);

  assert.equal(flag.json.enabled, false);
  assert.equal(scaled.json.errors[0].detail, "Feature Disabled: ask Ann");
  assert.deepEqual(group.json.var, { A: "1" });
  assert.equal(forbidden.status, 403);
  assert.equal(
    inUse.json.errors[0].detail,
    "Cannot delete stack 'cflinuxfs4' because apps are currently using the stack.",
  );
  assert.equal(
    (await admin.get("/v3/feature_flags/nope")).json.errors[0].detail,
    "Feature flag not found",
  );
});

test("a second start finds everything as it was and makes nothing twice", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "cc-restart-"));
  try {
    let guid = "";
    {
      await using cc = await TestCloudController.start({ directory });
      guid = await (await Developer.admin(cc)).createApp("kept");
      const admin = await cc.admin();
      const other = await admin.post("/v3/organizations", { name: "other" });
      const { organizationGuid } = await firstSpace(admin);
      await admin.job(await admin.delete(`/v3/organizations/${other.json.guid}`));
      await admin.patch(`/v3/organizations/${organizationGuid}`, { name: "renamed" });
    }
    await using cc = await TestCloudController.start({ directory });
    const admin = await cc.admin();

    assert.equal((await admin.get(`/v3/apps/${guid}`)).json.name, "kept");
    const organizations = await admin.get("/v3/organizations");
    assert.deepEqual(
      organizations.json.resources.map((organization: { name: string }) => organization.name),
      ["renamed"],
    );
    assert.equal((await admin.get("/v3/domains")).json.pagination.total_results, 1);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
