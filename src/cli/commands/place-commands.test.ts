import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { route, startStub } from "../testing/answers.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, v3Error, type StubCloudFoundry } from "../testing/stub-cloud-foundry.ts";

const domain = { guid: "domain-guid", name: "apps.localhost", supported_protocols: ["http"] };

async function stubWithDomain(): Promise<StubCloudFoundry> {
  const stub = await startStub();
  return stub.on(/GET \/v3\/domains/, () => resources(domain));
}

test("create-org is content with an org that is there already", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/POST \/v3\/organizations/, () => v3Error(422, "Organization 'x' already exists."));

  const { code, out } = await user.run(["create-org", "x"]);

  assert.equal(code, 0);
  assert.equal(out, "Creating org x as admin...\nOrganization 'x' already exists.\nOK\n\n");
});

test("create-org and create-space set the quota that is asked for, and name one that is not there", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const made = (guid: string) => () => ({ status: 201, json: { guid, name: "x" } });
  stub
    .on(/POST \/v3\/organizations/, made("new-org"))
    .on(/POST \/v3\/spaces/, made("new-space"))
    .on(/GET \/v3\/organization_quotas/, () => resources({ guid: "quota-guid", name: "small" }))
    .on(/POST \/v3\/organization_quotas\/quota-guid\/.*/, () => ({ json: { data: [] } }))
    .on(/GET \/v3\/space_quotas/, () => resources());

  const { code, out } = await user.run(["create-org", "x", "-q", "small"]);
  const refused = await user.run(["create-space", "x", "-q", "nope"]);

  assert.equal(code, 0);
  assert.match(out, /OK\n\nSetting org quota small to org x as admin\.\.\.\nOK\n/);
  const applied = "POST /v3/organization_quotas/quota-guid/relationships/organizations";
  assert.equal(stub.request(applied).body.toString(), '{"data":[{"guid":"new-org"}]}');
  assert.deepEqual([refused.code, refused.err], [1, "Space quota with name 'nope' not found.\n"]);
});

test("create-space gives its maker both roles, whatever role in the org there is", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/POST \/v3\/spaces/, () => ({ status: 201, json: { guid: "new-space", name: "x" } }))
    .on(/POST \/v3\/roles/, ({ body }) =>
      body.toString().includes("organization_user")
        ? v3Error(
            422,
            "User 'admin' already has 'organization_user' role in organization 'my-org'.",
          )
        : { status: 201, json: {} },
    );

  const { code, out } = await user.run(["create-space", "x"]);

  assert.equal(code, 0);
  const types = stub.requests
    .filter(({ line }) => line === "POST /v3/roles")
    .map(({ body }) => JSON.parse(body.toString()).type);
  assert.deepEqual(types, [
    "organization_user",
    "space_manager",
    "organization_user",
    "space_developer",
  ]);
  assert.match(out, /TIP: Use 'rivera target -o "my-org" -s "x"' to target new space\n$/);
});

test("routes shows each route with the names of its space and apps", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/service_route_bindings/, () => ({ json: { resources: [], included: {} } }));

  const { out } = await user.run(["routes"]);

  const [header, row] = out.trimEnd().split("\n").slice(-2);
  assert.match(
    header ?? "",
    /^space +host +domain +port +path +protocol +app-protocol +app-port +apps/,
  );
  assert.match(row ?? "", /^my-space +web-app +apps\.localhost +http +http1 +web-app/);
});

test("map-route makes the route that is missing; a mapping that exists is left alone", async () => {
  await using stub = await stubWithDomain();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/routes/, () => resources())
    .on(/POST \/v3\/routes/, () => ({ status: 201, json: { ...route, destinations: [] } }))
    .on(/POST \/v3\/routes\/route-guid\/destinations/, () => ({ json: {} }));
  const words = ["map-route", "web-app", "apps.localhost", "--hostname", "web-app", "--path", "x"];

  const { code } = await user.run(words);

  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stub.request("POST /v3/routes").body.toString()), {
    relationships: {
      space: { data: { guid: "space-guid" } },
      domain: { data: { guid: "domain-guid" } },
    },
    host: "web-app",
    path: "/x",
  });
  assert.equal(
    stub.request("POST /v3/routes/route-guid/destinations").body.toString(),
    '{"destinations":[{"app":{"guid":"app-guid"}}]}',
  );
  stub.on(/GET \/v3\/routes/, () => resources(route));
  stub.requests.length = 0;
  assert.match(
    (await user.run(words)).out,
    /is already mapped to route .* Nothing has been updated\./,
  );
  assert.deepEqual(
    stub.lines().filter((line) => line.startsWith("POST")),
    [],
  );
});

test("unmap-route and delete-route are content with what is not there", async () => {
  await using stub = await stubWithDomain();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/DELETE .*/, () => ({ status: 204 }));

  await user.run(["unmap-route", "web-app", "apps.localhost", "-n", "web-app"]);
  assert.ok(stub.lines().includes("DELETE /v3/routes/route-guid/destinations/destination-guid"));
  stub.on(/GET \/v3\/routes/, () => resources());
  const { code, out } = await user.run(["delete-route", "apps.localhost", "-n", "x", "-f"]);
  assert.equal(code, 0);
  assert.match(
    out,
    /Unable to delete\. Route with host 'x', domain 'apps\.localhost', and path '\/' not found\.\nOK/,
  );
});

test("a domain that is not there is named", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/domains/, () => resources());

  const created = await user.run(["create-route", "nope.example.com", "-n", "x"]);
  const deleted = await user.run(["delete-route", "nope.example.com", "-f"]);

  assert.deepEqual([created.code, created.err], [1, "Domain 'nope.example.com' not found.\n"]);
  assert.deepEqual([deleted.code, deleted.err], [0, "Domain 'nope.example.com' not found.\n"]);
  assert.match(deleted.out, /OK\n\n$/);
});

test("buildpacks are shown in their order", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/buildpacks/, () =>
    resources({
      name: "nodejs_buildpack",
      stack: "cflinuxfs4",
      state: "READY",
      filename: "n.zip",
      enabled: true,
      locked: false,
      position: 1,
      lifecycle: "buildpack",
    }),
  );

  const { out } = await user.run(["buildpacks"]);

  assert.match(out, /^1 +nodejs_buildpack +cflinuxfs4 +true +false +READY +n\.zip +buildpack$/m);
});

test("curl sends what it is given and prints what it gets", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/POST \/v3\/things/, () => ({ status: 201, json: { made: true } }));
  await writeFile(path.join(user.home, "body.json"), '{"a":1}');

  const { code, out } = await user.run([
    "curl",
    "/v3/things",
    "-d",
    "@body.json",
    "-i",
    "-H",
    "X-A: b",
  ]);

  assert.equal(code, 0);
  assert.match(
    out,
    /^HTTP\/1\.1 201 Created\r\n(Content-Length.*\r\n)?Connection[^]*\r\n\r\n\{"made":true\}\n$/,
  );
  const { headers, body } = stub.request("POST /v3/things");
  assert.equal(body.toString(), '{"a":1}');
  assert.equal(headers["x-a"], "b");
  await user.run(["curl", "v3/things", "-X", "post", "--output", "answer.json"]);
  assert.equal(await readFile(path.join(user.home, "answer.json"), "utf8"), '{"made":true}');
});

test("curl --fail exits with 22 where the server refuses; without it the refusal is printed", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  const refused = await user.run(["curl", "/v3/nope", "--fail"]);

  assert.deepEqual([refused.code, refused.err], [22, "The requested URL returned error: 404\n"]);
  assert.equal((await user.run(["curl", "/v3/nope"])).code, 0);
});

test("help of a command has its sections and flags in the official client's order", async () => {
  await using user = await TestUser.create();

  const { out } = await user.run(["help", "auth"]);
  const restart = await user.run(["help", "restart"]);
  const start = await user.run(["help", "start"]);

  assert.deepEqual(out.match(/^[A-Z ]+:$/gm), [
    "NAME:",
    "USAGE:",
    "ENVIRONMENT VARIABLES:",
    "WARNING:",
    "EXAMPLES:",
    "OPTIONS:",
    "SEE ALSO:",
  ]);
  assert.deepEqual(restart.out.match(/^ {3}--[a-z-]+/gm), [
    "   --instance-steps",
    "   --max-in-flight",
    "   --strategy",
    "   --no-wait",
  ]);
  assert.match(start.out, /SEE ALSO:\n {3}apps, logs, restart, scale, stop\n$/);
});

test("help names every command by name and alias, and tells what one does", async () => {
  await using user = await TestUser.create();

  const short = await user.run([]);
  const all = await user.run(["help", "-a"]);
  const one = await user.run(["push", "--help"]);

  assert.match(short.out, /^rivera version .*\n/);
  assert.match(short.out, /push,p +logs +unset-env,ue/);
  assert.match(all.out, /^ {3}map-route +Map a route to an app$/m);
  assert.match(one.out, /^NAME:\n {3}push - Push a new app/);
  assert.equal(one.out, (await user.run(["help", "p"])).out);
  assert.equal(
    (await user.run(["help", "nope"])).err,
    "'nope' is not a registered command. See 'rivera help -a'\n",
  );
});
