import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { createUaaUsers } from "../users/uaa-users.ts";

test("a role is given once, by guid or by name, and in a space only to members of its organization", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  await (await cc.as({ userGuid: "ann-guid", userName: "ann" })).get("/v3/apps");
  const inSpace = (type: string, data: object) =>
    admin.post("/v3/roles", {
      type,
      relationships: { user: { data }, space: { data: { guid: spaceGuid } } },
    });
  const inOrganization = (data: object) =>
    admin.post("/v3/roles", {
      type: "organization_user",
      relationships: { user: { data }, organization: { data: { guid: organizationGuid } } },
    });

  const early = await inSpace("space_developer", { guid: "ann-guid" });
  const member = await inOrganization({ username: "ann" });
  const developer = await inSpace("space_developer", { username: "ann", origin: "uaa" });
  const twice = await inSpace("space_developer", { guid: "ann-guid" });
  const nobody = await inOrganization({ username: "nobody" });
  const stranger = await inOrganization({ guid: "nobody" });
  const wrongType = await inSpace("space_boss", { guid: "ann-guid" });

  assert.match(
    early.json.errors[0].detail,
    /^Users cannot be assigned roles in a space if they do not have/,
  );
  assert.equal(member.status, 201, member.text);
  assert.equal(developer.status, 201, developer.text);
  assert.equal(
    twice.json.errors[0].detail,
    "User 'ann' already has 'space_developer' role in space 'dev'.",
  );
  assert.equal(nobody.json.errors[0].detail, "No user exists with the username 'nobody'.");
  assert.equal(
    stranger.json.errors[0].detail,
    "Invalid user. Ensure that the user exists and you have access to it.",
  );
  assert.match(wrongType.json.errors[0].detail, /^Type must be one of the allowed types/);

  const listed = await admin.get(`/v3/roles?space_guids=${spaceGuid}&include=user`);
  assert.equal(listed.json.resources[0].type, "space_developer");
  assert.equal(listed.json.included.users[0].username, "ann");

  const kept = await admin.delete(`/v3/roles/${member.json.guid}`);
  assert.equal(kept.status, 422);
  const removed = await admin.job(await admin.delete(`/v3/roles/${developer.json.guid}`));
  assert.equal(removed.json.state, "COMPLETE");
  assert.equal((await admin.delete(`/v3/roles/${member.json.guid}`)).status, 202);
});

test("managers grant roles, developers do not", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  await userWith(cc, "bob", { ...place, types: ["organization_user"] });
  const manager = await userWith(cc, "manager", { ...place, types: ["space_manager"] });
  const developer = await userWith(cc, "developer", { ...place, types: ["space_developer"] });
  const role = {
    type: "space_auditor",
    relationships: {
      user: { data: { guid: "bob-guid" } },
      space: { data: { guid: place.spaceGuid } },
    },
  };

  assert.equal((await developer.post("/v3/roles", role)).status, 403);
  assert.equal((await manager.post("/v3/roles", role)).status, 201);
});

test("deleting a user takes the roles; a new token makes the record again", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const user = await userWith(cc, "eve", { ...place, types: ["space_developer"] });

  const job = await admin.job(await admin.delete("/v3/users/eve-guid"));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.equal((await admin.get("/v3/users/eve-guid")).status, 404);
  assert.equal((await user.get(`/v3/spaces/${place.spaceGuid}`)).status, 404);
  assert.equal((await admin.get("/v3/users/eve-guid")).json.username, "eve");
  const created = await admin.post("/v3/users", { guid: "client-1" });
  assert.equal(created.json.presentation_name, "client-1");
  const again = await admin.post("/v3/users", { guid: "client-1" });
  assert.equal(again.json.errors[0].detail, "User with guid 'client-1' already exists.");
});

test("users are looked up in UAA with a token that is kept", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://uaa");
    asked.push(`${request.method} ${url.pathname} ${url.searchParams.get("filter") ?? ""}`);
    response.end(
      JSON.stringify(
        url.pathname === "/uaa/oauth/token"
          ? { access_token: "t", expires_in: 600 }
          : { resources: [{ id: "g", userName: 'a"b', origin: "uaa" }] },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const users = createUaaUsers({
    uaaUrl: `http://127.0.0.1:${port}/uaa`,
    client: { id: "cc", secret: "s" },
    clock: systemClock,
  });

  const byName = await users.byName('a"b', "uaa");
  await users.byGuid("g");
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));

  assert.deepEqual(byName, [{ guid: "g", username: 'a"b', origin: "uaa" }]);
  assert.deepEqual(asked, [
    "POST /uaa/oauth/token ",
    'GET /uaa/Users userName eq "a\\"b" and origin eq "uaa"',
    'GET /uaa/Users id eq "g"',
  ]);
  await assert.rejects(users.byGuid("g"), { title: "UaaUnavailable" });
});
