import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import type { KeptTask, KeptTaskClient } from "#diego/cell/rep/client.ts";
import { cellPresence } from "#diego/models/model-builders.ts";
import { keepRequestOf } from "#diego/models/keep-request.ts";
import { fromNanoseconds } from "#kernel/clock/clock.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { eventually } from "../testing/eventually.ts";
import { observedBuild } from "../testing/observed-build.ts";
import type { Answer } from "../testing/test-cloud-controller.ts";

const until = fromNanoseconds(1_900_000_000_000_000_000n);

/** A cell that keeps what it is told to, with terminals that say what they were asked for and then what is typed. */
async function playedCell(t: TestContext) {
  const kept = new Map<string, KeptTask>();
  const released: string[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.send(JSON.stringify({ asked: request.url, headers: request.headers }));
      webSocket.on("message", (typed) => webSocket.send(typed, { binary: true }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const client: KeptTaskClient = {
    list: async () => [...kept.values()],
    release: async (guid) => {
      kept.delete(guid);
      released.push(guid);
    },
    snapshot: async () => undefined,
    terminal: (guid, { columns, rows }) => ({
      url: new URL(`http://127.0.0.1:${port}/${guid}?${columns}x${rows}`),
      headers: { "x-secret": "s" },
    }),
  };
  const snapshots = [{ script: "supply:0", buildpack: "b", isFirst: true }];
  const keep = (taskGuid: string) => {
    kept.set(taskGuid, {
      taskGuid,
      memoryMb: 1024,
      diskMb: 4096,
      until,
      terminals: 0,
      snapshots,
    });
  };
  return { kept, keep, released, client, sockets };
}

/** A build that has failed on a cell that keeps its container. */
async function failedBuild(t: TestContext) {
  const cell = await playedCell(t);
  const stage = await observedBuild(
    {},
    { keptTasksOf: () => cell.client, staging: { keepFailedMs: 900_000 } },
  );
  t.after(() => stage[Symbol.asyncDispose]());
  const { bbs, tell, developer, buildGuid } = stage;
  bbs.presences = [cellPresence("cell-1")];
  const phase = { phase: "supply", buildpack: "b", command: ["/b/bin/supply", "/tmp/app"] };
  await tell([
    { kind: "span", name: "place", subject: "cell-1", startedAt: 1, outcome: "ok", facts: {} },
    { kind: "trace", text: JSON.stringify({ ...phase, started_ms: 0 }) },
    {
      kind: "trace",
      text: JSON.stringify({ ...phase, started_ms: 0, ended_ms: 1, outcome: "exit status 3" }),
    },
  ]);
  const path = `/rivera/v1/builds/${buildGuid}/shell`;
  const asked = keepRequestOf(bbs.taskMap.get(buildGuid)?.definition.annotation ?? "");
  const early = await developer.caller.post(path, {});
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 223" },
  });
  cell.keep(buildGuid);
  return { ...stage, cell, path, early, asked };
}

function knock(url: string, ticket: string | undefined): WebSocket {
  const offered = ticket === undefined ? [] : ["rivera.terminal", `ticket.${ticket}`];
  return new WebSocket(url.replace(/^http/, "ws"), offered);
}

/** The status and the words of a refusal. */
async function refusalOf(socket: WebSocket): Promise<readonly [number, string]> {
  const [, response] = await once(socket, "unexpected-response");
  const { errors } = JSON.parse((await buffer(response)).toString());
  return [response.statusCode, errors[0].detail];
}

async function shellEvents(caller: { get(path: string): Promise<Answer> }, app: string) {
  const types = "audit.app.build.shell-authorized,audit.app.build.shell-unauthorized";
  const { json } = await caller.get(`/v3/audit_events?target_guids=${app}&types=${types}`);
  return json.resources.map((event: { type: string; actor: { name: string } }) => [
    event.type.replace(/.*shell-/, ""),
    event.actor.name,
  ]);
}

test("a developer gets a ticket for a failed build, and one terminal for it", async (t) => {
  const { cell, cc, developer, buildGuid, path, app, early, asked } = await failedBuild(t);

  const told = await developer.caller.get(path);
  const given = await developer.caller.post(path, {});
  const socket = knock(`${cc.url}${path}?columns=101&rows=x`, given.json.ticket);
  const [hello] = await once(socket, "message");

  assert.deepEqual([asked?.forMs, asked?.directory], [900_000, "/tmp/app"]);
  assert.match(
    asked?.line ?? "",
    new RegExp(`, for 15 minutes unless its place is needed: rivera stage-shell ${buildGuid}$`),
  );
  assert.equal(early.status, 422);
  assert.match(early.text, /has not ended yet/);
  const shown = {
    directory: "/tmp/app",
    script: ["/b/bin/supply", "/tmp/app"],
    cell: "cell-1",
    kept_until: until.toISOString(),
    retry_from: ["supply:0"],
  };
  assert.deepEqual(told.json, { available: true, reason: "", ...shown });
  assert.equal(given.status, 201);
  const { ticket, expires_at: _expiry, ...rest } = given.json;
  assert.deepEqual(rest, { app: { guid: app, name: "shop" }, ...shown });
  const { asked: url, headers } = JSON.parse(String(hello));
  assert.equal(url, `/${buildGuid}?101x24`);
  assert.equal(headers["x-secret"], "s");
  assert.ok(!JSON.stringify(headers).includes(ticket), "the ticket stays here");
  assert.equal(socket.protocol, "rivera.terminal");
  socket.send(Buffer.from("typed"));
  assert.equal(String((await once(socket, "message"))[0]), "typed");
  for (const served of cell.sockets.clients) served.close(1000);
  assert.equal((await once(socket, "close"))[0], 1000);
  assert.deepEqual(await refusalOf(knock(`${cc.url}${path}`, ticket)), [401, "Invalid Auth Token"]);
  assert.deepEqual(await shellEvents(developer.caller, app), [["authorized", "admin"]]);
});

test("whoever may not have a shell hears why, as for ssh, and it is recorded", async (t) => {
  const { cc, developer, path, app } = await failedBuild(t);
  const place = await firstSpace(developer.caller);
  const member = async (name: string, type: "space_auditor" | "space_supporter") =>
    await userWith(cc, name, { ...place, types: [type] });
  const stranger = await cc.as({ userGuid: "stranger-guid", userName: "stranger" });
  const ask = async (caller: { post(path: string, body: unknown): Promise<Answer> }) => {
    const { status, json } = await caller.post(path, {});
    return [status, json.errors[0].detail];
  };

  assert.deepEqual(await ask(stranger), [404, "Build not found"]);
  assert.equal((await stranger.get(path)).status, 404);
  const forbidden = [403, "You are not authorized to perform the requested action"];
  assert.deepEqual(await ask(await member("auditor", "space_auditor")), forbidden);
  assert.deepEqual(await ask(await member("supporter", "space_supporter")), forbidden);
  await developer.caller.patch(`/v3/apps/${app}/features/ssh`, { enabled: false });
  const off = [422, "No shell can be opened: ssh is disabled for app"];
  assert.deepEqual(await ask(developer.caller), off);
  await developer.caller.patch(`/v3/spaces/${place.spaceGuid}/features/ssh`, { enabled: false });
  const noSpace = [422, "No shell can be opened: ssh is disabled for space 'dev'"];
  assert.deepEqual(await ask(developer.caller), noSpace);
  assert.deepEqual(await shellEvents(developer.caller, app), [
    ["unauthorized", "auditor"],
    ["unauthorized", "supporter"],
    ["unauthorized", "admin"],
    ["unauthorized", "admin"],
  ]);
});

test("a socket without a ticket of its own is refused in Cloud Foundry's form", async (t) => {
  const { cc, developer, path } = await failedBuild(t);
  const { json } = await developer.caller.post(path, {});
  const late = await developer.caller.post(path, {});
  const db = await cc.openDatabase();
  await db
    .updateTable("shellTickets")
    .set({ expiresAt: "2020-01-01T00:00:00.000Z" })
    .where("sha256", "!=", "")
    .execute();
  await db.destroy();

  const url = `${cc.url}${path}`;
  assert.deepEqual(await refusalOf(knock(url, undefined)), [401, "Authentication error"]);
  for (const ticket of [late.json.ticket, json.ticket, "0".repeat(64), "x", "%27"]) {
    assert.deepEqual(await refusalOf(knock(url, ticket)), [401, "Invalid Auth Token"], ticket);
  }
  const other = `${cc.url}/rivera/v1/builds/other/shell`;
  const fresh = await developer.caller.post(path, {});
  assert.deepEqual(await refusalOf(knock(other, fresh.json.ticket)), [401, "Invalid Auth Token"]);
  assert.deepEqual(await refusalOf(knock(`${cc.url}/rivera/v1/x`, "x")), [404, "Unknown request"]);
});

test("a container that has gone, or whose cell is away, is told in words, also between ticket and socket", async (t) => {
  const { cell, bbs, cc, developer, path, buildGuid } = await failedBuild(t);
  const { json } = await developer.caller.post(path, {});

  cell.kept.clear();

  const gone = [422, "The container is not there any more"];
  assert.deepEqual(await refusalOf(knock(`${cc.url}${path}`, json.ticket)), gone);
  const refused = await developer.caller.post(path, {});
  assert.equal(refused.status, 422);
  assert.match(refused.text, /is not there any more: it is kept for a while/);
  assert.equal((await developer.caller.get(path)).json.available, false);
  cell.keep(buildGuid);
  bbs.presences = [];
  assert.equal((await developer.caller.get(path)).json.available, false);
});

test("with the app goes what is kept of its builds, and what was missed goes with the next round", async (t) => {
  const { cell, developer, app, buildGuid } = await failedBuild(t);
  cell.keep("lost");

  await developer.caller.delete(`/v3/apps/${app}`);

  await eventually(async () => (cell.kept.size === 0 ? true : undefined));
  assert.deepEqual(cell.released.toSorted(), [buildGuid, "lost"].toSorted());
});
