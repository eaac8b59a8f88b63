import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Answer } from "../testing/test-cloud-controller.ts";
import { judgeStack } from "./stack-state.ts";

test("judgeStack() refuses what is disabled, and what is restricted to new apps", () => {
  const warned = (state: string) =>
    `WARNING: The stack 'old' is '${state}' and will be removed in the future. Use new.`;
  const refused = (state: string) =>
    `ERROR: Staging failed. The stack 'old' is '${state}' and cannot be used for staging. Use new.`;
  const cases = [
    ["ACTIVE", true, []],
    ["ACTIVE", false, []],
    ["DEPRECATED", true, [warned("DEPRECATED")]],
    ["DEPRECATED", false, [warned("DEPRECATED")]],
    ["RESTRICTED", true, refused("RESTRICTED")],
    ["RESTRICTED", false, [warned("RESTRICTED")]],
    ["DISABLED", true, refused("DISABLED")],
    ["DISABLED", false, refused("DISABLED")],
  ] as const;
  for (const [state, isNewApp, expected] of cases) {
    const verdict = judgeStack({ name: "old", state, stateReason: "Use new." }, isNewApp);
    assert.deepEqual(
      verdict.kind === "usable" ? verdict.warnings : verdict.reason,
      expected,
      `${state} ${isNewApp}`,
    );
  }
});

test("a stack is made, changed and deleted by administrators, each with its event", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const user = await userWith(cc, "dev", {
    ...(await firstSpace(admin)),
    types: ["space_developer"],
  });
  const cases: [unknown, string][] = [
    [{}, "Name can't be blank"],
    [{ name: " " }, "Name can't be blank"],
    [{ name: "x".repeat(251) }, "Name is too long (maximum is 250 characters)"],
    [
      { name: "x", description: "x".repeat(251) },
      "Description is too long (maximum is 250 characters)",
    ],
    [{ name: "x", state: "OLD" }, "State must be one of ACTIVE, RESTRICTED, DEPRECATED, DISABLED"],
    [
      { name: "x", state_reason: "x".repeat(5001) },
      "State reason is too long (maximum is 5000 characters)",
    ],
  ];

  for (const [body, detail] of cases) {
    const answer = await admin.post("/v3/stacks", body);
    assert.deepEqual([answer.status, answer.json.errors?.[0].detail], [422, detail]);
  }
  assert.equal((await user.post("/v3/stacks", {})).status, 403);
  const created = await admin.post("/v3/stacks", { name: "other", moon: 1 });
  const { guid } = created.json;
  const path = `/v3/stacks/${guid}`;
  assert.equal(created.status, 201);
  assert.deepEqual(
    { ...created.json, created_at: "", updated_at: "" },
    {
      guid,
      created_at: "",
      updated_at: "",
      name: "other",
      description: null,
      state: "ACTIVE",
      state_reason: null,
      run_rootfs_image: "other",
      build_rootfs_image: "other",
      default: false,
      metadata: { labels: {}, annotations: {} },
      links: { self: { href: `${cc.url}${path}` } },
    },
  );
  assert.equal((await user.patch(path, { name: "x" })).status, 403);
  const renamed = await admin.patch(path, { name: "x" });
  assert.equal(renamed.json.errors[0].detail, "Unknown field(s): 'name'");
  const changed = await admin.patch(path, { state: "DEPRECATED", state_reason: "old" });
  assert.equal(changed.json.state_reason, "old");
  assert.equal(changed.headers["x-cf-warnings"], undefined);
  assert.equal((await admin.delete(path)).status, 204);
  assert.equal((await admin.get(path)).json.errors[0].detail, "Stack not found");
  const events = await admin.get(`/v3/audit_events?target_guids=${guid}`);
  assert.deepEqual(
    events.json.resources.map(({ type }: { type: string }) => type),
    ["audit.stack.create", "audit.stack.update", "audit.stack.delete"],
  );
});

test("an app is told of its stack's state, or refused", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const { spaceGuid } = await firstSpace(caller);
  const [stack] = (await caller.get("/v3/stacks?default=true")).json.resources;
  const create = (name: string) =>
    caller.post("/v3/apps", { name, relationships: { space: { data: { guid: spaceGuid } } } });
  const become = (state: string) => caller.patch(`/v3/stacks/${stack.guid}`, { state });
  const staged = await developer.createApp("staged");
  const ready = await developer.packageOf(staged, buildZip([{ name: "a", content: "a" }]));
  const build = async (): Promise<Answer> => {
    const answer = await developer.build(ready.json.guid);
    if (answer.status === 201) {
      const completion = { failed: true, failure_reason: "x", result: "" };
      await developer.completeStaging(bbs, answer.json.guid, { completion });
    }
    return answer;
  };

  assert.deepEqual(warningsOf(await become("DEPRECATED")), [
    "Changing state on the default stack 'cflinuxfs4' may affect new application deployments.",
  ]);
  const warning =
    "WARNING: The stack 'cflinuxfs4' is 'DEPRECATED' and will be removed in the future.";
  assert.deepEqual(warningsOf(await create("a")), [warning]);
  assert.deepEqual(warningsOf(await build()), [warning]);

  await become("RESTRICTED");
  const refused = await create("b");
  assert.equal(refused.status, 422);
  assert.equal(
    refused.json.errors[0].detail,
    "ERROR: Staging failed. The stack 'cflinuxfs4' is 'RESTRICTED' and cannot be used for staging.",
  );
  assert.equal((await build()).status, 201);

  await become("DISABLED");
  const unstaged = await build();
  assert.equal(unstaged.status, 422);
  assert.equal(unstaged.json.errors[0].code, 250004);
  assert.equal(unstaged.json.errors[0].title, "CF-StackValidationFailed");
});

test("a stack lists the apps that the caller may see, and is not deleted under them", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("app");
  const stranger = await cc.as({ userGuid: "stranger" });
  const [stack] = (await developer.caller.get("/v3/stacks?names=cflinuxfs4")).json.resources;
  const path = `/v3/stacks/${stack.guid}/apps`;

  const apps = (await developer.caller.get(path)).json;
  const deleted = await developer.caller.delete(`/v3/stacks/${stack.guid}`);

  assert.deepEqual(
    apps.resources.map((app: { guid: string }) => app.guid),
    [guid],
  );
  assert.equal(apps.pagination.first.href, `${cc.url}${path}?page=1&per_page=50`);
  assert.deepEqual((await stranger.get(path)).json.resources, []);
  assert.equal((await stranger.get("/v3/stacks/x/apps")).status, 404);
  assert.equal(
    deleted.json.errors[0].detail,
    "Cannot delete stack 'cflinuxfs4' because apps are currently using the stack.",
  );
  const wrong = await stranger.get("/v3/stacks?default=maybe");
  assert.match(wrong.json.errors[0].detail, /: Default must be 'true' or 'false'$/);
});

function warningsOf(answer: Answer): string[] {
  const header = answer.headers["x-cf-warnings"];
  return String(header ?? "")
    .split(",")
    .filter((item) => item !== "")
    .map((item) => decodeURIComponent(item.replaceAll("+", " ")));
}
