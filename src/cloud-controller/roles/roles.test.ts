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
  assert.equal(stranger.status, 201, stranger.text);
  assert.equal((await admin.get("/v3/users/nobody")).json.presentation_name, "nobody");
  assert.equal(
    wrongType.json.errors[0].detail,
    'Type must be one of the allowed types ["organization_auditor", "organization_manager", "organization_billing_manager", "organization_user", "space_auditor", "space_manager", "space_developer", "space_supporter"]',
  );

  const listed = await admin.get(`/v3/roles?space_guids=${spaceGuid}&include=user`);
  assert.equal(listed.json.resources[0].type, "space_developer");
  assert.equal(listed.json.included.users[0].username, "ann");

  const kept = await admin.delete(`/v3/roles/${member.json.guid}`);
  assert.equal(kept.status, 422);
  const removed = await admin.job(await admin.delete(`/v3/roles/${developer.json.guid}`));
  assert.equal(removed.json.state, "COMPLETE");
  assert.equal((await admin.delete(`/v3/roles/${member.json.guid}`)).status, 202);
});

test("role bodies with faults are refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  await (await cc.as({ userGuid: "ann-guid", userName: "ann" })).get("/v3/apps");
  const user = { data: { guid: "ann-guid" } };
  const space = { data: { guid: spaceGuid } };
  const organization = { data: { guid: organizationGuid } };
  const cases: [type: string, relationships: unknown, detail: string][] = [
    ["space_auditor", 5, "Relationships 'relationships' is not an object"],
    [
      "space_auditor",
      { space },
      "Relationships User can't be blank, Relationships User must have a username or guid specified",
    ],
    [
      "space_auditor",
      { moon: 1, user: "ann" },
      "Relationships Unknown field(s): 'moon', Relationships User must have a username or guid specified, Relationships must specify either a space or an organization.",
    ],
    [
      "space_auditor",
      { space, user: { data: { guid: 5 } } },
      "Relationships User guid must be a string, Relationships User guid must be between 1 and 200 characters",
    ],
    [
      "space_auditor",
      { space, user: { data: { guid: "ann-guid", name: "ann" } } },
      `Relationships User must be structured like this: "user: {"data": {"guid": "valid-guid"}}"`,
    ],
    [
      "space_auditor",
      { space, user: { data: { username: 5 } } },
      "Relationships Username must be a string",
    ],
    [
      "space_auditor",
      { space, user: { data: { username: "ann", origin: 5 } } },
      "Relationships User origin must be a string",
    ],
    [
      "organization_user",
      { user, organization: { data: { guid: "" } } },
      "Relationships Organization guid must be between 1 and 200 characters",
    ],
    [
      "organization_user",
      { user, organization: { data: "rivera" } },
      `Relationships Organization must be structured like this: "organization: {"data": {"guid": "valid-guid"}}"`,
    ],
    [
      "space_auditor",
      { space, user: { data: {} } },
      "Relationships User must have a username or guid specified",
    ],
    [
      "space_auditor",
      { space, user: { data: { guid: "a", username: "b" } } },
      "Relationships Username cannot be specified when identifying user by guid",
    ],
    [
      "space_auditor",
      { space, user: { data: { guid: "a", origin: "b" } } },
      "Relationships User origin cannot be specified when identifying user by guid, Relationships User origin cannot be specified without specifying the username",
    ],
    [
      "space_auditor",
      { space, user: { data: { origin: "b" } } },
      "Relationships User origin cannot be specified without specifying the username, Relationships User must have a username or guid specified",
    ],
    ["space_auditor", { user }, "Relationships must specify either a space or an organization."],
    [
      "space_auditor",
      { user, space, organization },
      "Relationships Organization cannot be provided with the space role type: 'space_auditor'., Relationships cannot specify both an organization and a space.",
    ],
    [
      "space_auditor",
      { user, organization },
      "Relationships Organization cannot be provided with the space role type: 'space_auditor'.",
    ],
    [
      "organization_auditor",
      { user, space },
      "Relationships Space cannot be provided with the organization role type: 'organization_auditor'.",
    ],
    [
      "space_auditor",
      { user, space: { data: { guid: "x" } } },
      "Invalid space. Ensure that the space exists and you have access to it.",
    ],
    [
      "organization_user",
      { user, organization: { data: { guid: "x" } } },
      "Invalid organization. Ensure that the organization exists and you have access to it.",
    ],
    [
      "organization_user",
      { user: { data: { username: "x", origin: "ldap" } }, organization },
      "No user exists with the username 'x' and origin 'ldap'.",
    ],
    [
      "space_auditor",
      { user: { data: { username: "x" } }, space },
      "Users cannot be assigned roles in a space if they do not have a role in that space's organization.",
    ],
  ];
  for (const [type, relationships, detail] of cases) {
    const refused = await admin.post("/v3/roles", { type, relationships });
    assert.equal(refused.status, 422, JSON.stringify(relationships));
    assert.equal(refused.json.errors[0].detail, detail);
  }
  const list = await admin.get("/v3/roles?include=quota");
  assert.equal(list.status, 422);
  assert.match(list.json.errors[0].detail, /^Invalid included resource: 'quota'/);
});

test("a name in two origins asks for one of them; names compare without regard to case", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);
  await (await cc.as({ userGuid: "ann-uaa", userName: "Ann" })).get("/v3/apps");
  await (await cc.as({ userGuid: "ann-ldap", userName: "ann", origin: "ldap" })).get("/v3/apps");
  const grant = (data: object) =>
    admin.post("/v3/roles", {
      type: "organization_user",
      relationships: { user: { data }, organization: { data: { guid: organizationGuid } } },
    });

  assert.equal(
    (await grant({ username: "ann" })).json.errors[0].detail,
    "Ambiguous user. User with username 'ann' exists in the following origins: ldap, uaa. Specify an origin to disambiguate.",
  );
  const granted = await grant({ username: "ANN", origin: "ldap" });
  assert.equal(granted.json.relationships.user.data.guid, "ann-ldap");
});

test("users are found by name, part of a name and origin", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  for (const userName of ["ann@a.test", "Annette", "bob_1", "bobx1"]) {
    await (await cc.as({ userGuid: `${userName}-guid`, userName })).get("/v3/apps");
  }
  await admin.post("/v3/users", { guid: "a-client" });
  const found = async (query: string) =>
    (await admin.get(`/v3/users?${query}`)).json.resources.map(
      (user: { presentation_name: string }) => user.presentation_name,
    );

  assert.deepEqual(await found("usernames=ANNETTE,nobody"), ["Annette"]);
  assert.deepEqual(await found("partial_usernames=ann,b_1"), ["ann@a.test", "Annette", "bob_1"]);
  assert.deepEqual(await found("usernames=annette&origins=ldap"), []);
  assert.deepEqual(await found("guids=a-client"), ["a-client"]);
  assert.deepEqual(await found("usernames="), [], "who has no name is not found by none");
  const faults: [query: string, detail: string][] = [
    [
      "origins=uaa",
      "Origins filter cannot be provided without usernames or partial_usernames filter.",
    ],
    [
      "usernames=a&partial_usernames=b",
      "Usernames filter cannot be provided with both usernames and partial_usernames filter.",
    ],
  ];
  for (const [query, detail] of faults) {
    const refused = await admin.get(`/v3/users?${query}`);
    assert.equal(refused.status, 422);
    assert.equal(refused.json.errors[0].detail, detail);
  }
  const bodies: [body: object, detail: string][] = [
    [{}, "Guid or 'username' and 'origin' must be provided"],
    [{ guid: "a", username: "b" }, "Username cannot be provided with 'guid'"],
    [{ username: "b" }, "Username can only be provided together with 'origin'"],
    [{ username: "b", origin: "uaa" }, "Origin cannot be 'uaa' when creating a user by username"],
    [{ username: "b", origin: "ldap" }, "No user exists with the username 'b' and origin 'ldap'."],
  ];
  for (const [body, detail] of bodies) {
    assert.equal((await admin.post("/v3/users", body)).json.errors[0].detail, detail);
  }
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

test("a client of UAA has roles like a user, but never those of a user whose guid is its id", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const asClient = (id: string) =>
    cc.as({
      userGuid: id,
      payload: {
        user_id: undefined,
        user_name: undefined,
        email: undefined,
        origin: undefined,
        client_id: id,
      },
    });
  const pipeline = await asClient("pipeline");
  const path = `/v3/spaces/${spaceGuid}`;
  assert.equal((await pipeline.get(path)).status, 404);
  for (const [type, place] of [
    ["organization_user", { organization: { data: { guid: organizationGuid } } }],
    ["space_developer", { space: { data: { guid: spaceGuid } } }],
  ] as const) {
    const user = { data: { guid: "pipeline" } };
    const granted = await admin.post("/v3/roles", { type, relationships: { user, ...place } });
    assert.equal(granted.status, 201, granted.text);
  }

  assert.equal((await pipeline.get(path)).status, 200);
  const app = await pipeline.post("/v3/apps", {
    name: "a",
    relationships: { space: { data: { guid: spaceGuid } } },
  });
  assert.equal(app.status, 201, app.text);
  const [event] = (await admin.get("/v3/audit_events?types=audit.app.create")).json.resources;
  assert.deepEqual(event.actor, { guid: "pipeline", type: "user", name: "" });
  assert.equal((await admin.get("/v3/users/pipeline")).json.username, null);

  await userWith(cc, "ann", { spaceGuid, organizationGuid, types: ["space_developer"] });
  const shadow = await (await asClient("ann-guid")).get(path);
  assert.deepEqual([shadow.status, shadow.json.errors[0].title], [401, "CF-InvalidAuthToken"]);
  assert.equal((await admin.get("/v3/users/ann-guid")).json.username, "ann");
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
