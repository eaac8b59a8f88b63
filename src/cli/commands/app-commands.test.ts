import assert from "node:assert/strict";
import { test } from "node:test";
import { app, droplet, startStub, webProcess } from "../testing/answers.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, v3Error } from "../testing/stub-cloud-foundry.ts";

test("apps shows names, states, instances and routes from three requests", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  const { out } = await user.run(["apps"]);

  assert.equal(
    out,
    `Getting apps in org my-org / space my-space as admin...

name      requested state   processes   routes
web-app   started           web:1/1     web-app.apps.localhost
`,
  );
  assert.deepEqual(stub.lines(), ["GET /v3/apps", "GET /v3/processes", "GET /v3/routes"]);
  assert.equal(stub.request("GET /v3/processes").query.get("embed"), "process_instances");
  // Else 500 apps would be dozens of pages.
  for (const line of stub.lines()) {
    assert.equal(stub.request(line).query.get("per_page"), "5000", line);
  }
});

test("app shows an app without a droplet, and --guid the guid alone", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/apps\/app-guid\/droplets\/current/, () => v3Error(404, "Droplet not found"))
    .on(/GET \/v3\/processes\/app-guid\/stats/, () => resources());

  const { code, out } = await user.run(["app", "web-app"]);

  assert.equal(code, 0);
  assert.match(out, /There are no running instances of this process\.\n$/);
  assert.equal((await user.run(["app", "web-app", "--guid"])).out, "app-guid\n");
});

test("an app that is not there is named", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/apps/, () => resources());

  for (const words of [
    ["app", "x"],
    ["stop", "x"],
    ["logs", "x"],
    ["env", "x"],
    ["restart", "x"],
  ]) {
    const { code, err } = await user.run(words);
    assert.deepEqual([code, err], [1, "App 'x' not found.\n"], words.join(" "));
  }
  assert.equal((await user.run(["delete", "x", "-f"])).code, 0);
});

test("start of an app that runs changes nothing; stop of one that does not, neither", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/packages/, () => resources({ guid: "pkg", state: "READY" }))
    .on(/GET \/v3\/packages\/pkg\/droplets/, () => resources(droplet));

  const { out } = await user.run(["start", "web-app"]);

  assert.match(out, /App 'web-app' is already started\.\nOK\n\n$/);
  stub.on(/GET \/v3\/apps/, () => resources({ ...app, state: "STOPPED" }));
  assert.match((await user.run(["stop", "web-app"])).out, /App web-app is already stopped\.\nOK/);
  assert.deepEqual(
    stub.lines().filter((line) => line.startsWith("POST")),
    [],
  );
});

test("start of an app without package and droplet says in the client's words what it lacks", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/apps/, () => resources({ ...app, state: "STOPPED" }))
    .on(/GET \/v3\/packages/, () => resources())
    .on(/POST .*start/, () => v3Error(422, "Assign a droplet before starting this app."));

  const { code, err } = await user.run(["start", "web-app"]);

  const text = "App cannot start without a package to stage or a droplet to run.\n";
  assert.deepEqual([code, err], [1, text]);
});

test("start of a stopped app with an unstaged package stages it first", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/apps/, () => resources({ ...app, state: "STOPPED" }))
    .on(/GET \/v3\/packages/, () => resources({ guid: "pkg", state: "READY" }))
    .on(/GET \/v3\/packages\/pkg\/droplets/, () => resources());

  const { code, out } = await user.run(["start", "web-app"]);

  assert.equal(code, 0);
  assert.match(out, /Staging app and tracing logs\.\.\.\n {3}-----> Nodejs Buildpack/);
  const changes = stub.lines().filter((line) => !line.startsWith("GET"));
  assert.deepEqual(changes, [
    "POST /v3/builds",
    "PATCH /v3/apps/app-guid/relationships/current_droplet",
    "POST /v3/apps/app-guid/actions/start",
  ]);
});

test("restart stops and starts; restage builds the newest package first", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/GET \/v3\/packages/, () => resources({ guid: "pkg", state: "READY" }))
    .on(/GET \/v3\/packages\/pkg\/droplets/, () => resources(droplet));
  const changes = () => stub.lines().filter((line) => !line.startsWith("GET"));

  await user.run(["restart", "web-app"]);
  assert.deepEqual(changes(), [
    "POST /v3/apps/app-guid/actions/stop",
    "POST /v3/apps/app-guid/actions/start",
  ]);
  stub.requests.length = 0;
  const { err } = await user.run(["restage", "web-app"]);
  assert.deepEqual(changes(), [
    "POST /v3/builds",
    "POST /v3/apps/app-guid/actions/stop",
    "PATCH /v3/apps/app-guid/relationships/current_droplet",
    "POST /v3/apps/app-guid/actions/start",
  ]);
  assert.equal(err, "This action will cause app downtime.\n");
});

test("restage of an app that no buildpack wants ends with the tip", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const error = "NoAppDetectedError - An app was not successfully detected";
  stub
    .on(/GET \/v3\/packages/, () => resources({ guid: "pkg", state: "READY" }))
    .on(/GET \/v3\/builds\/build-guid/, () => ({ json: { guid: "b", state: "FAILED", error } }));

  const { code, err } = await user.run(["restage", "web-app"]);

  assert.equal(code, 1);
  assert.match(
    err,
    /Error staging application: NoAppDetectedError .*\n\nTIP: Use 'rivera buildpacks'/,
  );
});

test("scale asks before it restarts the app, and -f does not", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/POST \/v3\/apps\/app-guid\/processes\/web\/actions\/scale/, () => ({
    status: 202,
    json: webProcess,
  }));

  const refused = await user.run(["scale", "web-app", "-m", "1G"], { input: "n\n" });
  assert.match(
    refused.out,
    /Are you sure you want to scale web-app\? \[yN\]: \nScaling cancelled\n$/,
  );
  await user.run(["scale", "web-app", "-i", "3"]);
  await user.run(["scale", "web-app", "-m", "1G", "-k", "512M", "-f"]);

  assert.deepEqual(
    stub.requests
      .filter(({ method }) => method === "POST")
      .map(({ line, body }) => `${line.slice(5)} ${body.toString()}`.trim()),
    [
      '/v3/apps/app-guid/processes/web/actions/scale {"instances":3}',
      '/v3/apps/app-guid/processes/web/actions/scale {"memory_in_mb":1024,"disk_in_mb":512}',
      "/v3/apps/app-guid/actions/stop",
      "/v3/apps/app-guid/actions/start",
    ],
  );
  const wrong = await user.run(["scale", "web-app", "-m", "12"]);
  assert.match(wrong.err, /Byte quantity must be an integer with a unit of measurement/);
});

test("scale names a process that the app does not have", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/POST .*scale/, () => v3Error(404, "Process not found"));

  const { code, err } = await user.run(["scale", "web-app", "--process", "nope", "-i", "2"]);

  assert.deepEqual([code, err], [1, "Process nope not found\n"]);
});

test("delete asks first, and with -r takes routes that no other app has", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/DELETE .*/, () => ({
    status: 202,
    headers: { location: `${stub.url}/v3/jobs/job-guid` },
  }));

  const unanswered = await user.run(["delete", "web-app"], { input: "" });
  assert.equal(unanswered.out, "Really delete the app web-app? [yN]: FAILED\n");
  assert.deepEqual([unanswered.code, unanswered.err], [1, "EOF\n"]);
  const refused = await user.run(["delete", "web-app"], { input: "\n" });
  assert.match(refused.out, /App 'web-app' has not been deleted\.\n$/);
  const { code } = await user.run(["delete", "web-app", "-r", "-f"]);

  assert.equal(code, 0);
  assert.deepEqual(
    stub.lines().filter((line) => line.startsWith("DELETE")),
    ["DELETE /v3/apps/app-guid", "DELETE /v3/routes/route-guid"],
  );
});

test("env shows groups by name, and what is not set as such", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/apps\/app-guid\/env/, () => ({
    json: {
      system_env_json: { VCAP_SERVICES: {} },
      application_env_json: { VCAP_APPLICATION: { name: "web-app", limits: { mem: 1, fds: 2 } } },
      environment_variables: { B: "2", A: "one" },
      running_env_json: {},
      staging_env_json: { S: "x" },
    },
  }));

  const { out } = await user.run(["env", "web-app"]);

  assert.equal(
    out,
    `Getting env variables for app web-app in org my-org / space my-space as admin...
System-Provided:
VCAP_SERVICES: {}


VCAP_APPLICATION: {
  "limits": {
    "fds": 2,
    "mem": 1
  },
  "name": "web-app"
}


User-Provided:
A: one
B: 2

No running env variables have been set

Staging Environment Variable Groups:
S: x

`,
  );
});

test("set-env takes values that look like flags; unset-env says what was not set", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub
    .on(/PATCH \/v3\/apps\/app-guid\/environment_variables/, () => ({ json: { var: {} } }))
    .on(/GET \/v3\/apps\/app-guid\/env/, () => ({ json: { environment_variables: { A: "1" } } }));

  const { out } = await user.run(["set-env", "web-app", "JAVA_OPTS", "-Xmx512m"]);

  assert.match(out, /TIP: Use 'rivera restage web-app' to ensure your env variable changes/);
  const line = "PATCH /v3/apps/app-guid/environment_variables";
  assert.equal(stub.request(line).body.toString(), '{"var":{"JAVA_OPTS":"-Xmx512m"}}');
  await user.run(["unset-env", "web-app", "A"]);
  assert.equal(stub.request(line).body.toString(), '{"var":{"A":null}}');
  assert.match(
    (await user.run(["unset-env", "web-app", "X"])).out,
    /Env variable X was not set\.\nOK/,
  );
});

test("events are described by what the official client shows of them", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const crash = { index: 0, reason: "CRASHED", exit_description: "out of memory", other: "x" };
  stub.on(/GET \/v3\/audit_events/, () =>
    resources(
      {
        type: "app.crash",
        created_at: "2030-01-01T00:00:00Z",
        actor: { name: "web-app" },
        data: crash,
      },
      {
        type: "audit.app.update",
        created_at: "2030-01-01T00:00:00Z",
        actor: { name: "admin" },
        data: { request: { instances: 2, state: "STARTED" } },
      },
    ),
  );

  const { out } = await user.run(["events", "web-app"]);

  assert.match(
    out,
    /app\.crash\s+web-app\s+index: 0, reason: CRASHED, exit_description: out of memory$/m,
  );
  assert.match(out, /audit\.app\.update\s+admin\s+instances: 2, state: STARTED$/m);
});

test("logs --recent prints the newest lines, oldest first, asking for fewer where that is too many", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/api\/v1\/read\/app-guid/, ({ query }) => {
    if (query.get("limit") === "1000") return { status: 429 };
    const line = (text: string, timestamp: string) => ({
      timestamp,
      source_id: "app-guid",
      instance_id: "1",
      tags: { source_type: "APP/PROC/WEB" },
      log: { payload: Buffer.from(text).toString("base64"), type: "ERR" },
    });
    const batch = [line("newer", "1800000001000000000"), line("older", "1800000000000000000")];
    return { json: { envelopes: { batch } } };
  });

  const { code, out } = await user.run(["logs", "web-app", "--recent"]);

  assert.equal(code, 0);
  assert.match(out, /\[APP\/PROC\/WEB\/1\] ERR older\n.*\[APP\/PROC\/WEB\/1\] ERR newer\n$/);
  const { query } = stub.request("GET /api/v1/read/app-guid");
  assert.deepEqual([query.get("limit"), query.get("descending")], ["500", "true"]);
});

test("a tail of the log ends well when the user interrupts it", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  let reads = 0;
  stub.on(/GET \/api\/v1\/read\/app-guid/, () => {
    reads += 1;
    if (reads === 3) user.interruption.abort(new Error("Interrupted"));
    return { json: { envelopes: { batch: [] } } };
  });

  const { code, out } = await user.run(["logs", "web-app"]);

  assert.equal(code, 0);
  assert.match(out, /^Retrieving logs for app web-app/);
});

test("a tail of the log gives up after five failures in a row", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/api\/v1\/read\/app-guid/, () => ({ status: 500 }));

  const { err } = await user.run(["logs", "web-app"]);

  assert.equal(
    err,
    "Failed to retrieve logs from Log Cache: unexpected status code 500\n".repeat(5),
  );
});
