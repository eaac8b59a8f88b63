import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { forgedUrl } from "../testing/forged-url.ts";
import { observedBuild, observedLine as line } from "../testing/observed-build.ts";

test("a build's log is there by pages while it grows, and says when it is complete", async () => {
  await using stage = await observedBuild();
  const { tell, path, developer, bbs, buildGuid } = stage;
  assert.equal((await tell([line("one"), line("two\u0000\u001b[31m")])).status, 200);

  const first = (await developer.caller.get(path)).json;
  assert.deepEqual(
    [first.build.state, first.complete, first.total_lines, first.next_after, first.has_more],
    ["STAGING", false, 2, 2, false],
  );
  assert.deepEqual(first.lines[1], {
    number: 2,
    at: 2,
    type: "OUT",
    source: "STG",
    text: "two\u0000\u001b[31m",
  });

  const completion = { failed: true, failure_reason: "STG: Exited with status 225" };
  await developer.completeStaging(bbs, buildGuid, { completion });
  await tell([line("Cell cell-1 stopping instance")], true);

  const rest = (await developer.caller.get(`${path}?after=${first.next_after}`)).json;
  assert.deepEqual(
    rest.lines.map(({ source, text }: { source: string; text: string }) => [source, text]),
    [
      ["API", "Failed to stage build: staging failed"],
      ["STG", "Cell cell-1 stopping instance"],
    ],
  );
  assert.deepEqual([rest.build.state, rest.complete], ["FAILED", true]);
});

test("who follows gets each line once, as it comes, and the end of the stream with the log's", async () => {
  await using stage = await observedBuild();
  const { tell, path, developer, bbs, buildGuid } = stage;
  assert.deepEqual((await tell([line("one")])).json, { followed: false });

  const following = developer.caller.get(`${path}?follow=true`);
  await eventually(async () => ((await tell([])).json.followed ? true : undefined));
  await tell([line("two")]);
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 225" },
  });
  await tell([line("three")], true);

  const answer = await following;
  assert.equal(answer.headers["content-type"], "application/x-ndjson");
  const texts = answer.text
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each).text);
  assert.deepEqual(texts, ["one", "two", "Failed to stage build: staging failed", "three"]);
});

test("who waits for more of a build's log hears at once that the build is deleted", async () => {
  await using stage = await observedBuild({ longPollMs: 3_600_000 });
  const { tell, path, developer, app } = stage;
  await tell([line("one")]);

  const prefer = { prefer: "wait=3600" };
  const waiting = developer.caller.send("GET", `${path}?after=1`, undefined, prefer);
  await eventually(async () => ((await tell([])).json.followed ? true : undefined));
  const deleted = await developer.caller.delete(`/v3/apps/${app}`);
  assert.equal((await developer.caller.job(deleted)).json.state, "COMPLETE");

  const { json } = await waiting;
  assert.deepEqual([json.complete, json.lines], [true, []]);
});

test("of a flood the head and the end stay, and the numbers of what was cut are told", async () => {
  await using stage = await observedBuild();
  const { tell, path, developer } = stage;
  const text = "x".repeat(50_000);
  for (let round = 0; round < 24; round += 1) {
    const lines = Array.from({ length: 5 }, (_, at) => line(`${round}.${at} ${text}`));
    assert.equal((await tell(lines)).status, 200);
  }

  const seen: (string | { first: number; last: number })[] = [];
  for (let after = 0, more = true; more;) {
    const { json: page } = await developer.caller.get(`${path}?after=${after}`);
    assert.ok(page.lines.length <= 12, "a page is bounded");
    for (const each of page.lines) seen.push(each.cut ?? String(each.text).split(" ")[0]);
    after = page.next_after;
    more = page.has_more;
  }

  const cut = seen.findIndex((each) => typeof each !== "string");
  assert.ok(cut > 0);
  assert.deepEqual(seen.slice(0, 2), ["0.0", "0.1"]);
  assert.equal(seen.at(-1), "23.4");
  const gap = seen[cut];
  assert.ok(typeof gap === "object");
  assert.deepEqual([gap.first, gap.last], [cut + 1, 120 - (seen.length - cut - 1)]);
  assert.ok((seen.length - 1) * text.length < 4.2 * 1024 * 1024);
});

test("only who may read the build sees its log, and a phase can be asked for alone", async () => {
  await using stage = await observedBuild();
  const { tell, path, cc, developer } = stage;
  const supply = { phase: "supply", started_ms: 0 };
  await tell([line("before"), { kind: "trace", text: JSON.stringify(supply) }, line("in it")]);

  const stranger = await cc.as({ userGuid: "stranger" });
  const refused = await stranger.get(path);
  assert.deepEqual([refused.status, refused.json.errors[0].detail], [404, "Build not found"]);
  assert.equal((await stranger.get(`${path}?follow=true`)).status, 404);

  const { json } = await developer.caller.get(`${path}?phase=supply`);
  assert.deepEqual(
    json.lines.map(({ text }: { text: string }) => text),
    ["in it"],
  );
  for (const query of ["after=-1", "after=x", "phase=A", "follow=1", "bogus=1"]) {
    const answer = await developer.caller.get(`${path}?${query}`);
    assert.ok(answer.status >= 400 && answer.status < 500, `${query}: ${answer.status}`);
  }
});

test("nobody tells of a build without its URL, and nothing of one that has gone", async () => {
  await using stage = await observedBuild();
  const { cc, request, tell, developer, app, path } = stage;
  const body = JSON.stringify({ run: "r", records: [], closed: false });
  const headers = { "content-type": "application/json" };

  const unsigned = await cc.cell("POST", forgedUrl(request.url), body, headers);
  assert.equal(unsigned.status, 401);
  assert.equal((await cc.cell("POST", request.url, '{"run":1}', headers)).status, 400);

  await tell([line("one"), line("two")]);
  const deleted = await developer.caller.delete(`/v3/apps/${app}`);
  assert.equal((await developer.caller.job(deleted)).json.state, "COMPLETE");
  assert.equal((await tell([line("three")])).status, 404);
  assert.equal((await developer.caller.get(path)).status, 404);
  await using db = await cc.openDatabase();
  const left = await db.selectFrom("buildLogChunks").select("firstLine").execute();
  assert.deepEqual(left, []);
});
