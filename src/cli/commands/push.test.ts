import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { app, runningInstance, startStub } from "../testing/answers.ts";
import { readZip, multipartParts } from "../testing/read-upload.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, v3Error, type StubCloudFoundry } from "../testing/stub-cloud-foundry.ts";

async function folderWithApp(user: TestUser, manifest?: string): Promise<string> {
  const folder = path.join(user.home, "app");
  await mkdir(path.join(folder, "lib"), { recursive: true });
  await writeFile(path.join(folder, "server.js"), "console.log('hello')\n");
  await writeFile(path.join(folder, "lib", "util.js"), "exports.a = 1\n");
  await writeFile(path.join(folder, "empty.txt"), "");
  if (manifest !== undefined) await writeFile(path.join(folder, "manifest.yml"), manifest);
  return folder;
}

const manifest = "applications:\n- name: web-app\n  memory: 256M\n";

/** Log reads and polls come as often as time allows: one of each stands for all. */
function withoutRepeats(lines: readonly string[]): string[] {
  return lines.filter(
    (line, index) =>
      !(/\/api\/v1\/read|\/v3\/builds\/build-guid/.test(line) && lines.indexOf(line) < index),
  );
}

test("push sends the official client's requests in its order, at the end those of what it shows at once", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user, manifest);

  const { code, err } = await user.run(["push"], { cwd });

  assert.equal(code, 0, err);
  assert.deepEqual(stub.unexpected, []);
  const lines = withoutRepeats(stub.lines());
  const shown = lines.lastIndexOf("GET /v3/apps") + 1;
  assert.deepEqual(lines.slice(0, shown), [
    "POST /v3/spaces/space-guid/manifest_diff",
    "POST /v3/spaces/space-guid/actions/apply_manifest",
    "GET /v3/jobs/job-guid",
    "GET /v3/apps",
    "POST /v3/resource_matches",
    "POST /v3/packages",
    "POST /v3/packages/pkg/upload",
    "GET /v3/packages/pkg",
    "GET /v3/apps",
    "GET /api/v1/info",
    "GET /api/v1/read/app-guid",
    "POST /v3/builds",
    "GET /v3/builds/build-guid",
    "GET /v3/droplets/droplet-guid",
    "PATCH /v3/apps/app-guid/relationships/current_droplet",
    "POST /v3/apps/app-guid/actions/restart",
    "GET /v3/apps/app-guid/processes",
    "GET /v3/processes/app-guid/stats",
    "GET /v3/apps",
  ]);
  assert.deepEqual(lines.slice(shown).toSorted(), [
    "GET /v3/apps/app-guid/droplets/current",
    "GET /v3/apps/app-guid/processes",
    "GET /v3/apps/app-guid/routes",
    "GET /v3/deployments",
    "GET /v3/processes/app-guid",
    "GET /v3/processes/app-guid/sidecars",
    "GET /v3/processes/app-guid/stats",
  ]);
});

test("push tells what happens in the official client's words", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user, manifest);

  const { out, err } = await user.run(["push"], { cwd });

  const expected = `Pushing app web-app to org my-org / space my-space as admin...
Applying manifest file ${cwd}/manifest.yml...

Updating with these attributes...
  ---
  applications:
  - name: web-app
    memory: 256M
    default-route: true
Manifest applied
Packaging files to upload...
Uploading files...

Waiting for API to complete processing files...

Staging app and tracing logs...
   -----> Nodejs Buildpack
   -----> Done

Waiting for app web-app to start...


name:              web-app
requested state:   started
routes:            web-app.apps.localhost
last uploaded:     DATE
stack:             cflinuxfs4
buildpacks:        
	name               version   detect output   buildpack name
	nodejs_buildpack   1.8       nodejs          nodejs

type:            web
sidecars:        
instances:       1/1
memory usage:    256M
start command:   npm start
     state     since                  cpu entitlement   memory         disk       logging             details   ready
#0   running   SINCE   5.0%              40M of 256M    0B of 1G   0B/s of unlimited             true
`;
  const shown = out
    .replace(/last uploaded: {5}.*/, "last uploaded:     DATE")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, "SINCE");
  assert.deepEqual(squeezed(shown), squeezed(expected));
  assert.equal(err, "Instances starting...\n");
});

/** Lines with runs of spaces as one: widths of columns are the tables' own tests. */
function squeezed(text: string): string[] {
  return text.split("\n").map((line) => line.trimEnd().replaceAll(/(?<=\S) {2,}/g, "  "));
}

test("push uploads a zip of what the platform lacks and names what it holds", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  await chmod(path.join(cwd, "server.js"), 0o755);
  await symlink("server.js", path.join(cwd, "link.js"));
  stub.on(/POST \/v3\/resource_matches/, ({ body }) => {
    const { resources: asked } = JSON.parse(body.toString());
    return {
      status: 201,
      json: { resources: asked.filter((it: { path: string }) => it.path === "lib/util.js") },
    };
  });

  const { code, err } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 0, err);
  const upload = stub.request("POST /v3/packages/pkg/upload");
  assert.equal(Number(upload.headers["content-length"]), upload.body.length);
  const [named, bits] = multipartParts(upload);
  assert.equal(named?.name, "resources");
  assert.deepEqual(
    JSON.parse(named?.content.toString() ?? "").map((it: { path: string }) => it.path),
    ["lib/util.js"],
  );
  assert.deepEqual([bits?.name, bits?.filename], ["bits", "package.zip"]);
  assert.deepEqual(await readZip(bits?.content ?? Buffer.alloc(0)), [
    { name: "empty.txt", mode: "100644", content: "" },
    { name: "lib/", mode: "40755", content: "" },
    { name: "link.js", mode: "120777", content: "server.js" },
    { name: "server.js", mode: "100755", content: "console.log('hello')\n" },
  ]);
});

test("push sends no zip where the platform holds every file", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = path.join(user.home, "flat");
  await mkdir(cwd);
  await writeFile(path.join(cwd, "index.html"), "<h1>hi</h1>");
  stub.on(/POST \/v3\/resource_matches/, ({ body }) => ({
    status: 201,
    json: JSON.parse(body.toString()),
  }));

  const { code, out } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 0);
  assert.match(out, /All files found in remote cache; nothing to upload\./);
  const names = multipartParts(stub.request("POST /v3/packages/pkg/upload")).map(
    ({ name }) => name,
  );
  assert.deepEqual(names, ["resources"]);
});

test("push without a manifest applies a made-up one and asks for no diff", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);

  await user.run(["push", "web-app", "-m", "64M", "-i=2", "-b", "a", "-b", "b", "-c", "null"], {
    cwd,
  });

  assert.ok(!stub.lines().includes("POST /v3/spaces/space-guid/manifest_diff"));
  const applied = stub.request("POST /v3/spaces/space-guid/actions/apply_manifest");
  assert.equal(applied.headers["content-type"], "application/x-yaml");
  assert.equal(
    applied.body.toString(),
    `applications:
- name: web-app
  instances: 2
  memory: 64M
  default-route: true
  buildpacks:
  - a
  - b
  command: null
`,
  );
});

test("push prints the error of a build that failed and exits with 1", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  const error =
    "NoAppDetectedError - An app was not successfully detected by any available buildpack";
  stub.on(/GET \/v3\/builds\/build-guid/, () => ({
    json: { guid: "build-guid", state: "FAILED", error, droplet: null },
  }));

  const { code, out, err } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 1);
  assert.equal(err, `${error}\n`);
  assert.match(out, /-----> Done\nFAILED\n$/);
});

test("push shows the lines that arrive with the final state of the build", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  let isStaged = false;
  stub
    .on(/GET \/v3\/builds\/build-guid/, () => {
      isStaged = true;
      return { json: { guid: "b", state: "STAGED", droplet: { guid: "droplet-guid" } } };
    })
    .on(/GET \/api\/v1\/read\/app-guid/, () => ({
      json: {
        envelopes: {
          batch: isStaged
            ? [
                {
                  timestamp: "1800000000000000000",
                  tags: { source_type: "STG" },
                  log: { payload: Buffer.from("the last line").toString("base64"), type: "OUT" },
                },
              ]
            : [],
        },
      },
    }));

  const { out } = await user.run(["push", "web-app"], { cwd });

  assert.match(out, /^ {3}the last line$/m);
});

test("push reports a crash with the app's state and the hint at its logs", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  stub.on(/GET \/v3\/processes\/app-guid\/stats/, () =>
    resources({ ...runningInstance, state: "CRASHED", usage: null, details: "exited with 1" }),
  );

  const { code, out, err } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 1);
  assert.match(out, /#0 {3}crashed/);
  assert.equal(
    err,
    "Error starting instances: 'exited with 1'\nStart unsuccessful\n\nTIP: use 'rivera logs web-app --recent' for more information\n",
  );
});

test("push says when an app does not start in time", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  user.environment = { ...user.environment, CF_STARTUP_TIMEOUT: "0.002" };
  const cwd = await folderWithApp(user);
  stub.on(/GET \/v3\/processes\/app-guid\/stats/, () => resources({ index: 0, state: "STARTING" }));

  const { code, err } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 1);
  assert.match(err, /Start app timeout\n\nTIP: Application must be listening on the right port\./);
});

test("push --replace-staging ends the app's staging before its own, also one that has just ended", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  const builds = ["running", "just-ended"].map((guid) => ({ guid, state: "STAGING" }));
  stub.on(/GET \/v3\/builds/, ({ query }) =>
    resources(...(query.get("states") === "STAGING" ? builds : [])),
  );
  stub.on(/POST \/rivera\/v1\/builds\/running\/cancel/, () => ({
    json: { guid: "running", state: "FAILED" },
  }));
  const detail = "Build state is STAGED and therefore cannot be canceled";
  stub.on(/POST \/rivera\/v1\/builds\/just-ended\/cancel/, () => ({
    status: 422,
    json: { errors: [{ code: 10008, title: "CF-UnprocessableEntity", detail }] },
  }));

  const { code } = await user.run(["push", "web-app", "--replace-staging"], { cwd });

  assert.equal(code, 0);
  const posts = stub.lines().filter((line) => /POST .*\/builds/.test(line));
  assert.deepEqual(posts, [
    "POST /rivera/v1/builds/running/cancel",
    "POST /rivera/v1/builds/just-ended/cancel",
    "POST /v3/builds",
  ]);
});

test("push --no-start stages nothing and stops an app that runs", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);

  const { code, out } = await user.run(["push", "web-app", "--no-start"], { cwd });

  assert.equal(code, 0);
  assert.ok(!stub.lines().includes("POST /v3/builds"));
  assert.ok(stub.lines().includes("POST /v3/apps/app-guid/actions/stop"));
  assert.match(out, /Stopping Application\.\.\.\nApplication Stopped\n/);
});

test("push says in the API's words what is wrong with a manifest", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user, manifest);
  const detail = "For application 'web-app': Memory must be greater than 0MB";
  stub.on(/POST \/v3\/spaces\/space-guid\/manifest_diff/, () => v3Error(422, detail));

  const { code, out, err } = await user.run(["push"], { cwd });

  assert.deepEqual([code, err], [1, `${detail}\n`]);
  assert.match(out, /FAILED\n$/);
});

test("push goes on without a diff where the API has none, and fails as the job of the manifest fails", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user, manifest);
  stub
    .on(/POST \/v3\/spaces\/space-guid\/manifest_diff/, () => ({ status: 500, text: "oops" }))
    .on(/GET \/v3\/jobs\/job-guid/, () => ({
      json: { guid: "job-guid", state: "FAILED", errors: [{ detail: "no such stack" }] },
    }));

  const { code, err } = await user.run(["push"], { cwd });

  assert.equal(code, 1);
  assert.equal(err, "Unable to generate diff. Continuing to apply manifest...\nno such stack\n");
});

test("push of several apps takes them in the order of the manifest", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(
    user,
    "applications:\n- name: web-app\n- name: worker\n  path: lib\n",
  );
  stub.on(/GET \/v3\/apps/, ({ query }) => {
    const names = query.get("names")?.split(",") ?? [];
    return resources(...names.map((name) => ({ ...app, name })));
  });

  const { code, out } = await user.run(["push"], { cwd });

  assert.equal(code, 0);
  assert.match(out, /^Pushing apps web-app, worker to org/);
  assert.ok(out.indexOf("Waiting for app web-app") < out.indexOf("Waiting for app worker"));
});

test("push refuses flags that cannot stand together, before any request", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cases: [string[], string][] = [
    [
      ["push", "a", "--no-route", "--random-route"],
      "Incorrect Usage: The following arguments cannot be used together: --no-route, --random-route",
    ],
    [
      ["push", "a", "-u", "http"],
      "Incorrect Usage: '--endpoint' and '--health-check-type=http, -u=http' must be used together.",
    ],
    [
      ["push", "a", "--no-start", "--strategy", "rolling"],
      "Incorrect Usage: The following arguments cannot be used together: --no-start, --strategy=rolling",
    ],
    [
      ["push"],
      "Incorrect Usage: The push command requires an app name. The app name can be supplied as an argument or with a manifest.yml file.",
    ],
  ];
  for (const [words, message] of cases) {
    const { code, out, err } = await user.run(words);
    assert.deepEqual([code, err], [1, `${message}\n`]);
    assert.match(out, /^FAILED\n\nNAME:\n {3}push - /);
  }
  assert.deepEqual(stub.lines(), []);
});

test("push looks for what its flags name before anything else", async () => {
  await using user = await TestUser.create();
  for (const flags of [
    ["-p", "nope"],
    ["-f", "nope"],
    ["--vars-file", "nope"],
    ["--droplet", "nope"],
  ]) {
    const { code, out, err } = await user.run(["push", "a", ...flags]);

    const text = "Incorrect Usage: The specified path 'nope' does not exist.\n\n";
    assert.deepEqual([code, err], [1, text], flags.join(" "));
    assert.match(out, /^NAME:\n {3}push - /);
  }
});

test("push says which manifest it applies as the user named it", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user, manifest);

  const named = await user.run(["push", "-f", "manifest.yml", "--no-start"], { cwd });
  const found = await user.run(["push", "--no-start"], { cwd });

  assert.match(named.out, /^Applying manifest file manifest\.yml\.\.\.$/m);
  assert.match(found.out, /^Applying manifest file \/.*\/manifest\.yml\.\.\.$/m);
});

test("push with a rolling strategy makes a deployment that has the sizes, which the manifest has not", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  const deployment = {
    guid: "deployment-guid",
    strategy: "rolling",
    status: { value: "FINALIZED", reason: "DEPLOYED" },
  };
  stub
    .on(/POST \/v3\/deployments/, () => ({ status: 201, json: deployment }))
    .on(/GET \/v3\/deployments\/deployment-guid/, () => ({ json: deployment }));

  const { code, err } = await user.run(
    ["push", "web-app", "--strategy", "rolling", "-m", "1G", "-i", "3"],
    { cwd },
  );

  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(stub.request("POST /v3/deployments").body.toString()), {
    strategy: "rolling",
    relationships: { app: { data: { guid: "app-guid" } } },
    droplet: { guid: "droplet-guid" },
    options: {
      web_instances: 3,
      memory_in_mb: 1024,
      disk_in_mb: null,
      log_rate_limit_in_bytes_per_second: null,
    },
  });
  const applied = stub.request("POST /v3/spaces/space-guid/actions/apply_manifest").body.toString();
  assert.doesNotMatch(applied, /memory|instances/);
  assert.ok(!stub.lines().includes("POST /v3/apps/app-guid/actions/restart"));
});

test("an interrupted push ends at once with 130", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const cwd = await folderWithApp(user);
  interruptAt(stub, user, /GET \/v3\/builds\/build-guid/);

  const { code, out } = await user.run(["push", "web-app"], { cwd });

  assert.equal(code, 130);
  assert.doesNotMatch(out, /FAILED/);
});

function interruptAt(stub: StubCloudFoundry, user: TestUser, line: RegExp): void {
  stub.on(line, () => {
    user.interruption.abort(new Error("Interrupted"));
    return { json: { guid: "build-guid", state: "STAGING" } };
  });
}
