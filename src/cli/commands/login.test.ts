import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { accessToken, startStub } from "../testing/answers.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, type StubCloudFoundry } from "../testing/stub-cloud-foundry.ts";

async function platformOf(user: TestUser, api: string, folder = ".rivera/data"): Promise<void> {
  const file = path.join(user.home, folder, "rivera.json");
  await mkdir(path.dirname(file), { recursive: true });
  const admin = { username: "admin", password: "from-file" };
  await writeFile(
    file,
    JSON.stringify({ api, uaa: `${api}/uaa`, logCache: api, router: "", admin }),
  );
}

function grants(stub: StubCloudFoundry): string[] {
  return stub.requests
    .filter(({ line }) => line === "POST /uaa/oauth/token")
    .map(({ body }) => body.toString());
}

test("login without anything logs in to the platform of this machine as its admin", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();
  await platformOf(user, stub.url);

  const { code, out, err } = await user.run(["login"]);

  assert.deepEqual([code, err], [0, ""]);
  assert.deepEqual(stub.lines(), [
    "GET /",
    "GET /uaa/login",
    "POST /uaa/oauth/token",
    "GET /v3/organizations",
    "GET /v3/spaces",
  ]);
  assert.deepEqual(grants(stub), ["grant_type=password&username=admin&password=from-file"]);
  assert.equal(
    out,
    `API endpoint: ${stub.url}


Authenticating...
OK

Targeted org my-org.

Targeted space my-space.

API endpoint:   ${stub.url}
API version:    3.215.0
user:           admin
org:            my-org
space:          my-space
`,
  );
  const { values } = await user.config();
  assert.equal(values.AccessToken, `bearer ${accessToken()}`);
  assert.equal(values.LogCacheEndPoint, stub.url);
  assert.equal(values.SpaceFields.GUID, "space-guid");
});

test("--data chooses the platform, whatever was targeted before", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn("http://127.0.0.1:1");
  await platformOf(user, stub.url, "elsewhere");

  assert.equal((await user.run(["login", "--data", "elsewhere"])).code, 0);
  assert.match((await user.run(["login", "--data", "nowhere"])).err, /no rivera\.json/);
});

test("with a target that is not this machine's platform, login asks by the prompts of the UAA", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();

  const { code, out } = await user.run(["login", "-a", stub.url], {
    input: "me@example.com\npw\n",
  });

  assert.equal(code, 0);
  assert.match(out, /Email: \nPassword: \n\nAuthenticating\.\.\.\nOK/);
  assert.deepEqual(grants(stub), ["grant_type=password&username=me%40example.com&password=pw"]);
});

test("a wrong password is asked for again, three tries in all", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();
  stub.on(/POST \/uaa\/oauth\/token/, () => ({
    status: 401,
    json: { error: "unauthorized", error_description: "Bad credentials" },
  }));

  const { code, out, err } = await user.run(["login", "-a", stub.url, "-u", "me", "-p", "a"], {
    input: "b\nc\nd\n",
  });

  assert.equal(code, 1);
  assert.deepEqual(
    grants(stub).map((grant) => grant.slice(-1)),
    ["a", "b", "c"],
  );
  const rejected = "Credentials were rejected, please try again.\n";
  assert.equal(err, `${rejected.repeat(3)}Unable to authenticate.\n`);
  assert.match(
    out,
    /Not logged in\. Use 'rivera login' or 'rivera login --sso' to log in\.\nFAILED\n$/,
  );
});

test("a locked account ends the tries", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();
  const text = "Your account has been locked because of too many failed attempts to login.";
  stub.on(/POST \/uaa\/oauth\/token/, () => ({
    status: 401,
    json: { error: "unauthorized", error_description: text },
  }));

  const { err } = await user.run(["login", "-a", stub.url, "-u", "me", "-p", "a"]);

  assert.equal(grants(stub).length, 1);
  assert.equal(err, `${text}\nUnable to authenticate.\n`);
});

test("of several orgs and spaces one is chosen from a menu, by number or by name", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();
  stub
    .on(/GET \/v3\/organizations/, () =>
      resources({ guid: "a", name: "first" }, { guid: "b", name: "second" }),
    )
    .on(/GET \/v3\/spaces/, () =>
      resources({ guid: "c", name: "dev" }, { guid: "d", name: "prod" }),
    );

  const { code, out } = await user.run(["login", "-a", stub.url, "-u", "me", "-p", "pw"], {
    input: "2\nprod\n",
  });

  assert.equal(code, 0);
  assert.match(
    out,
    /Select an org:\n1\. first\n2\. second\n\nOrg \(enter to skip\): \nTargeted org second/,
  );
  assert.match(out, /org: {12}second\nspace: {10}prod\n$/);
  assert.equal(stub.request("GET /v3/spaces").query.get("organization_guids"), "b");
});

test("-o and -s target by name, and a name that is not there fails", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();
  const words = ["login", "-a", stub.url, "-u", "me", "-p", "pw", "-o", "my-org"];

  assert.equal((await user.run([...words, "-s", "my-space"])).code, 0);
  assert.equal(
    stub.request("GET /v3/organizations").query.toString(),
    "names=my-org&page=1&per_page=1",
  );
  stub.on(/GET \/v3\/spaces/, () => resources());
  const { code, err } = await user.run([...words, "-s", "nope"]);
  assert.deepEqual([code, err], [1, "Space 'nope' not found.\n"]);
});

test("commands say what is missing: a target, a login, an org, a space", async () => {
  await using user = await TestUser.create();
  assert.match((await user.run(["apps"])).err, /^No API endpoint set\. Use 'rivera login'/);

  await using stub = await startStub();
  await using other = await TestUser.loggedIn(stub.url);
  const config = await other.config();
  config.setSpace(undefined);
  await config.save();
  assert.match((await other.run(["apps"])).err, /^No space targeted, use 'rivera target -s SPACE'/);
  config.setOrganization(undefined);
  await config.save();
  assert.match((await other.run(["apps"])).err, /^No org targeted, use 'rivera target -o ORG'/);
  assert.equal((await other.run(["logout"])).code, 0);
  assert.match((await other.run(["apps"])).err, /^Not logged in\. Use 'rivera login'/);
  assert.deepEqual(stub.lines(), []);
});

test("target -o targets the only space, and a wrong name leaves nothing targeted", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  const { out } = await user.run(["target", "-o", "my-org"]);

  assert.match(out, /org: {12}my-org\nspace: {10}my-space\n$/);
  stub.on(/GET \/v3\/organizations/, () => resources());
  const { code, err } = await user.run(["target", "-o", "nope"]);
  assert.deepEqual([code, err], [1, "Organization 'nope' not found.\n"]);
  assert.equal((await user.config()).organization, undefined);
});

test("auth takes a client's credentials and refreshes with them later", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  const { code } = await user.run(["auth", "robot", "secret", "--client-credentials"]);

  assert.equal(code, 0);
  const without = await user.run(["auth"]);
  assert.equal(without.err, "Username and password not provided.\n");
  assert.match(without.out, /^FAILED\n\nNAME:\n {3}auth - /);
  assert.equal((await user.run(["auth", "robot"])).err, "Password not provided.\n");
  const surplus = await user.run(["auth", "a", "b", "c"]);
  assert.equal(surplus.err, 'Incorrect Usage: unexpected argument "c"\n');
  assert.match(surplus.out, /^FAILED\n\nNAME:/);
  const request = stub.request("POST /uaa/oauth/token");
  assert.equal(request.headers["authorization"], undefined);
  assert.equal(
    request.body.toString(),
    "grant_type=client_credentials&client_id=robot&client_secret=secret",
  );
  const { values } = await user.config();
  assert.deepEqual([values.UAAGrantType, values.UAAOAuthClient], ["client_credentials", "robot"]);
});
