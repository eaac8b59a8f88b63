import assert from "node:assert/strict";
import { test } from "node:test";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder } from "../support/app-folder.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

interface TaskAnswer {
  readonly guid: string;
  readonly state: string;
  readonly result: { readonly failure_reason: string | null };
}

/** An app that is staged and runs nothing of its own. */
async function stagedApp(platform: TestPlatform, api: Api): Promise<string> {
  using folder = appFolder({ Procfile: "web: sleep 1000\n", "data.txt": "from the droplet\n" });
  assert.equal((await platform.rivera(["login"])).status, 0);
  const args = ["push", "chores", "-b", "procfile_buildpack", "-u", "process", "-m", "32M"];
  const pushed = await platform.rivera([...args, "--no-route"], { cwd: folder.path });
  assert.equal(pushed.status, 0, `${pushed.stdout}\n${pushed.stderr}`);
  assert.equal((await platform.rivera(["stop", "chores"])).status, 0);
  return (await api("GET", "/v3/apps?names=chores")).json.resources[0].guid;
}

async function runTask(api: Api, app: string, name: string, command: string): Promise<string> {
  const body = { name, command, memory_in_mb: 32 };
  const created = await api("POST", `/v3/apps/${app}/tasks`, body);
  assert.equal(created.status, 202, JSON.stringify(created.json));
  return created.json.guid;
}

function ended(api: Api, guid: string): Promise<TaskAnswer> {
  return eventually(
    async () => {
      const task: TaskAnswer = (await api("GET", `/v3/tasks/${guid}`)).json;
      return ["SUCCEEDED", "FAILED"].includes(task.state) ? task : undefined;
    },
    { withinMs: 90_000, what: () => `task ${guid} to end` },
  );
}

/** Waits until the app's log has a line that ends so. */
function logged(platform: TestPlatform, line: string): Promise<true> {
  return eventually(
    async () => {
      const { stdout } = await platform.rivera(["logs", "chores", "--recent"]);
      return stdout.split("\n").some((each) => each.endsWith(line)) ? true : undefined;
    },
    { withinMs: 30_000, what: () => `the line "${line}"` },
  );
}

test("tasks run in containers of the app's droplet: one succeeds, one fails, one is cancelled, one is killed", async () => {
  await using platform = await TestPlatform.start();
  let api = await loggedIn(platform.addresses);
  const app = await stagedApp(platform, api);

  const good = await runTask(api, app, "good", "cat data.txt");
  const bad = await runTask(api, app, "bad", "echo gives up >&2; exit 3");
  const stubborn = await runTask(api, app, "stubborn", "echo begins; sleep 1000");

  assert.partialDeepStrictEqual(await ended(api, good), {
    state: "SUCCEEDED",
    result: { failure_reason: null },
  });
  assert.partialDeepStrictEqual(await ended(api, bad), {
    state: "FAILED",
    result: { failure_reason: "APP/TASK/bad: Exited with status 3" },
  });
  await logged(platform, "[APP/TASK/good/0] OUT from the droplet");
  await logged(platform, "[APP/TASK/bad/0] ERR gives up");
  await logged(platform, "[APP/TASK/stubborn/0] OUT begins");
  const cancelled = await api("POST", `/v3/tasks/${stubborn}/actions/cancel`);
  assert.equal(cancelled.status, 202);
  assert.partialDeepStrictEqual(await ended(api, stubborn), {
    state: "FAILED",
    result: { failure_reason: "task was cancelled" },
  });

  const victim = await runTask(api, app, "victim", "echo lives; sleep 1000");
  await logged(platform, "[APP/TASK/victim/0] OUT lives");
  await platform.kill9();
  await platform.up();
  api = await loggedIn(platform.addresses);

  assert.partialDeepStrictEqual(await ended(api, victim), {
    state: "FAILED",
    result: { failure_reason: "cell restarted while the task was running" },
  });
  const later = await runTask(api, app, "later", "true");
  assert.equal((await ended(api, later)).state, "SUCCEEDED");
});
