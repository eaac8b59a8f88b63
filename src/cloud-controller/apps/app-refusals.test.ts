import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("what an app may not be given is refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("app");
  const app = `/v3/apps/${guid}`;
  const notThisApp =
    "Unable to assign current droplet. Ensure the droplet exists and belongs to this app.";
  const cases: ["PATCH" | "POST" | "GET", string, unknown, number, string][] = [
    ["PATCH", "/environment_variables", {}, 422, "Var must be an object"],
    ["PATCH", "/environment_variables", { var: [] }, 422, "Var must be an object"],
    [
      "PATCH",
      "/environment_variables",
      { var: { "": "x" } },
      422,
      "Var key must be a minimum length of 1",
    ],
    [
      "PATCH",
      "/environment_variables",
      { var: { vcap_x: "x" } },
      422,
      "Var cannot start with VCAP_",
    ],
    ["PATCH", "/environment_variables", { var: { VMC_X: "x" } }, 422, "Var cannot start with VMC_"],
    ["PATCH", "/environment_variables", { var: { port: "1" } }, 422, "Var cannot set PORT"],
    [
      "PATCH",
      "/environment_variables",
      { var: { "A=B": "1" } },
      422,
      "Var key must not contain '=' or control characters",
    ],
    [
      "PATCH",
      "/environment_variables",
      { var: { A: 1, B: { c: [2] } } },
      422,
      "Non-string value in environment variable for key 'A', value '1', Non-string value in environment variable for key 'B', value '{\"c\":[2]}'",
    ],
    [
      "PATCH",
      "/environment_variables",
      { var: { A: "x".repeat(131_070) } },
      422,
      "Environment variable 'A' is too long (maximum is 131071 bytes of name and value)",
    ],
    [
      "PATCH",
      "/relationships/current_droplet",
      { data: null },
      422,
      "Current droplet cannot be removed. Replace it with a preferred droplet.",
    ],
    ["PATCH", "/relationships/current_droplet", {}, 422, notThisApp],
    ["PATCH", "/relationships/current_droplet", { data: { guid: "x" } }, 422, notThisApp],
    ["PATCH", "/relationships/current_droplet", { data: { guid: 5 } }, 422, notThisApp],
    ["GET", "/relationships/current_droplet", undefined, 404, "Droplet not found"],
    ["GET", "/droplets/current", undefined, 404, "Droplet not found"],
    ["POST", "/actions/start", undefined, 422, "Assign a droplet before starting this app."],
    ["POST", "/actions/restart", undefined, 422, "Assign a droplet before starting this app."],
    ["PATCH", "/features/moon", { enabled: true }, 404, "Feature not found"],
    ["PATCH", "/features/ssh", { enabled: "yes" }, 422, "Enabled must be a boolean"],
    [
      "PATCH",
      "",
      { lifecycle: { data: { buildpacks: [" ", 1] } } },
      422,
      "Lifecycle Buildpacks entries must be between 1 and 4096 characters, Lifecycle Buildpacks can only contain strings",
    ],
    [
      "PATCH",
      "",
      { lifecycle: { type: "docker", data: {} } },
      422,
      "Lifecycle type cannot be changed from buildpack to docker",
    ],
    ["PATCH", "", { lifecycle: {} }, 422, "Lifecycle data must be an object"],
    ["PATCH", "", { lifecycle: { data: { moon: 1 } } }, 422, "Lifecycle Unknown field(s): 'moon'"],
    ["PATCH", "", { state: "STARTED" }, 422, "Unknown field(s): 'state'"],
  ];
  for (const [method, path, body, status, detail] of cases) {
    const answer = await developer.caller.send(method, `${app}${path}`, body);
    assert.equal(answer.status, status, `${method} ${path} ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  const fits = await developer.caller.patch(`${app}/environment_variables`, {
    var: { A: "x".repeat(131_069) },
  });
  assert.equal(fits.status, 200);
});

test("flags hide environments, the one from all, the other from those who do not read everything", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const guid = await developer.createApp("app");
  const place = await firstSpace(admin);
  const dev = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const supporter = await userWith(cc, "supporter", { ...place, types: ["space_supporter"] });
  const set = (flag: string, enabled: boolean) =>
    admin.patch(`/v3/feature_flags/${flag}`, { enabled });
  const paths = [`/v3/apps/${guid}/env`, `/v3/apps/${guid}/environment_variables`];

  for (const path of paths) {
    assert.equal((await dev.get(path)).status, 200);
    await set("space_developer_env_var_visibility", false);
    const hidden = await dev.get(path);
    assert.deepEqual(
      [hidden.status, hidden.json.errors?.[0].code, hidden.json.errors?.[0].detail],
      [403, 330002, "Feature Disabled: space_developer_env_var_visibility"],
    );
    assert.equal((await admin.get(path)).status, 200);
    await set("env_var_visibility", false);
    assert.equal((await admin.get(path)).status, 403);
    await set("env_var_visibility", true);
    await set("space_developer_env_var_visibility", true);
  }
  const redacted = await supporter.get(`/v3/apps/${guid}/env`);
  assert.deepEqual(redacted.json.system_env_json, { redacted_message: "[PRIVATE DATA HIDDEN]" });
});

test("a variable that no process could be started with enters no group either", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const group = "/v3/environment_variable_groups/running";
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`K${n}`, "x".repeat(100_000)]));
  const cases: [unknown, string][] = [
    [
      { A: "x".repeat(131_070) },
      "Environment variable 'A' is too long (maximum is 131071 bytes of name and value)",
    ],
    [{ VCAP_X: "1" }, "Var cannot start with VCAP_"],
    [{ PORT: "1" }, "Var cannot set PORT"],
    [{ "": "1" }, "Var key must be a minimum length of 1"],
    [{ "line\nbreak": "1" }, "Var key must not contain '=' or control characters"],
    [{ A: "\u0000" }, "The request must not contain NUL characters"],
    [{ A: 1 }, "Non-string value in environment variable for key 'A', value '1'"],
  ];
  for (const [variables, detail] of cases) {
    const answer = await admin.patch(group, { var: variables });
    assert.equal(answer.status, 422, JSON.stringify(variables).slice(0, 80));
    assert.equal(answer.json.errors[0].detail, detail);
  }
  assert.equal((await admin.patch(group, { var: many(9) })).status, 200);
  const sum = await admin.patch(group, {
    var: { L1: "x".repeat(120_000), L2: "x".repeat(120_000) },
  });
  assert.equal(
    sum.json.errors[0].detail,
    "Environment variables are too long (maximum is 1048576 bytes in all)",
  );
});

test("what an environment holds is given back byte for byte", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const path = `/v3/apps/${await developer.createApp("app")}/environment_variables`;
  const variables = {
    LINES: "a\nb\r\n\tc",
    QUOTED: `"'\`\\`,
    COMMAND: "$(rm -rf /) ${HOME} %PATH%",
    WIDE: "😀 \u202e e\u0301",
    EMPTY: "",
    "ünicode.key-1": "x",
    LD_PRELOAD: "/nowhere.so",
  };

  assert.equal((await developer.caller.patch(path, { var: variables })).status, 200);

  assert.deepEqual((await developer.caller.get(path)).json.var, variables);
});
