import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";
import { appFolder } from "../support/app-folder.ts";
import { loggedIn, type Api } from "../support/api.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

let platform: TestPlatform;
let api: Api;
let guid: string;

before(async () => {
  platform = await TestPlatform.start();
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
  await push("one", ["-i", "2"]);
  guid = (await api("GET", "/v3/apps?names=rolled")).json.resources[0].guid;
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

/** Dies of SIGTERM at once, as a Node server without a handler does: nothing but the platform saves its requests. */
function files(version: string): Record<string, string> {
  return {
    Procfile: "web: exec node server.js\n",
    "server.js": `
if (${JSON.stringify(version)} === "broken") process.exit(1);
require("node:http").createServer((req, res) => {
  setTimeout(() => res.end(${JSON.stringify(version)}), 150);
}).listen(process.env.PORT);
`,
  };
}

async function push(version: string, args: readonly string[]): Promise<void> {
  using folder = appFolder(files(version));
  const sizes = ["-m", "64M", "-k", "128M"];
  const result = await platform.rivera(["push", "rolled", ...sizes, ...args], { cwd: folder.path });
  assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
}

interface Asked {
  /** How often each version has answered. */
  readonly answers: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}

/** Asks without a pause, by GET and by POST (which no router may repeat), while `work` goes on. */
async function asking(work: () => Promise<void>): Promise<Asked> {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const agent = new Agent({ keepAlive: true });
  let isOver = false;
  const ask = async (method: "GET" | "POST"): Promise<void> => {
    while (!isOver) {
      const { status, body } = await send(agent, method);
      if (status === 200) answers.set(body, (answers.get(body) ?? 0) + 1);
      else failures.push(`${method} ${status} ${body}`);
    }
  };
  const clients = ["GET", "GET", "POST", "POST"] as const;
  const asked = Promise.all(clients.map((method) => ask(method)));
  try {
    await work();
  } finally {
    isOver = true;
    await asked;
    agent.destroy();
  }
  return { answers, failures };
}

function send(agent: Agent, method: string): Promise<{ status: number; body: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
  const headers = { host: "rolled.apps.localhost" };
  const sent = request(platform.addresses.router, { method, agent, headers }, (answer) => {
    let body = "";
    answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
    answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    answer.on("error", (error) => resolve({ status: 0, body: error.message }));
  });
  sent.on("error", (error) => resolve({ status: 0, body: error.message }));
  sent.end(method === "POST" ? "x" : undefined);
  return promise;
}

async function deploy(body: Readonly<Record<string, unknown>>): Promise<string> {
  const created = await api("POST", "/v3/deployments", {
    relationships: { app: { data: { guid } } },
    ...body,
  });
  assert.equal(created.status, 201, JSON.stringify(created.json));
  return created.json.guid;
}

async function comesTo(deployment: string, reason: string): Promise<void> {
  let seen: unknown;
  await eventually(
    async () => {
      const { status } = (await api("GET", `/v3/deployments/${deployment}`)).json;
      seen = status;
      return status.reason === reason ? true : undefined;
    },
    { withinMs: 90_000, what: () => `${reason}, not ${JSON.stringify(seen)}` },
  );
}

async function serves(version: string): Promise<void> {
  await eventually(
    async () =>
      (await platform.fetchApp("rolled.apps.localhost")).body === version ? 1 : undefined,
    { withinMs: 60_000, what: () => `${version} to answer` },
  );
}

test("a rolling push replaces the instances, and no request fails in between", async () => {
  const { answers, failures } = await asking(() =>
    push("two", ["-i", "2", "--strategy", "rolling"]),
  );

  assert.deepEqual(failures, []);
  assert.ok((answers.get("one") ?? 0) > 0 && (answers.get("two") ?? 0) > 0, String([...answers]));
  await serves("two");
  const processes = (await api("GET", `/v3/apps/${guid}/processes`)).json.resources;
  assert.deepEqual(
    processes.map((process: { type: string; instances: number }) => [
      process.type,
      process.instances,
    ]),
    [["web", 2]],
  );
});

test("a canary pauses with one instance beside the old ones, and continues to the end", async () => {
  const { failures } = await asking(async () => {
    const deployment = await deploy({ strategy: "canary" });
    await comesTo(deployment, "PAUSED");
    const processes = (await api("GET", `/v3/apps/${guid}/processes`)).json.resources;
    assert.deepEqual(
      processes.map((process: { instances: number }) => process.instances),
      [2, 1],
    );
    const continued = await api("POST", `/v3/deployments/${deployment}/actions/continue`);
    assert.equal(continued.status, 200);
    await comesTo(deployment, "DEPLOYED");
  });

  assert.deepEqual(failures, []);
});

test("a rollback to the first revision brings the first version back, without a failed request", async () => {
  const [first] = (await api("GET", `/v3/apps/${guid}/revisions?versions=1`)).json.resources;

  const { answers, failures } = await asking(async () => {
    await comesTo(await deploy({ revision: { guid: first.guid } }), "DEPLOYED");
  });

  assert.deepEqual(failures, []);
  assert.ok((answers.get("one") ?? 0) > 0 && (answers.get("two") ?? 0) > 0, String([...answers]));
  await serves("one");
  const deployed = (await api("GET", `/v3/apps/${guid}/revisions/deployed`)).json.resources;
  assert.match(deployed[0].description, /Rolled back to revision 1\.$/);
});

test("an app that crashes gets no further than its first instance, also past a kill -9, and is canceled", async () => {
  const { failures } = await asking(async () => {
    using folder = appFolder(files("broken"));
    const pushed = await platform.rivera(
      ["push", "rolled", "-m", "64M", "-k", "128M", "--strategy", "rolling", "--no-wait"],
      { cwd: folder.path },
    );
    assert.match(`${pushed.stdout}${pushed.stderr}`, /rolled/);
  });
  assert.deepEqual(failures, []);
  await platform.kill9();
  await platform.up();
  api = await loggedIn(platform.addresses);
  const path = `/v3/deployments?app_guids=${guid}&status_values=ACTIVE`;
  const [deployment] = (await api("GET", path)).json.resources;
  assert.equal(deployment.status.reason, "DEPLOYING");
  await serves("one");

  const { failures: afterwards } = await asking(async () => {
    await api("POST", `/v3/deployments/${deployment.guid}/actions/cancel`);
    await comesTo(deployment.guid, "CANCELED");
  });

  assert.deepEqual(afterwards, []);
  await serves("one");
  const processes = (await api("GET", `/v3/apps/${guid}/processes`)).json.resources;
  assert.equal(processes.length, 1);
});
