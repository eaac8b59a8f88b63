import assert from "node:assert/strict";
import { test } from "node:test";
import fastify from "fastify";
import { inThisContext, withoutLogData } from "../log/log-context.ts";
import { RecordingLogger } from "../log/recording-logger.ts";
import {
  currentRequestId,
  followRequests,
  forRequest,
  givenRequestId,
  newRequestId,
  requestIdHeaders,
} from "./request-id.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

for (const [what, given, taken] of [
  ["a client's id", "mine", "mine"],
  ["the id that a component passes on", "mine::0f1e", "mine::0f1e"],
  ["no id", undefined, undefined],
  ["an id with a space", "a b", undefined],
  ["an id with a line end", "a\nb", undefined],
  ["an empty id", "", undefined],
  ["an id that is too long", "x".repeat(256), undefined],
] as const) {
  test(`${what} is ${taken === undefined ? "not taken" : "taken, and stands before ours"}`, () => {
    const headers = given === undefined ? {} : { "x-vcap-request-id": given };

    const own = newRequestId({ headers });

    assert.equal(givenRequestId({ headers }), taken);
    const [before, after] = [own.slice(0, -36), own.slice(-36)];
    assert.equal(before, taken === undefined ? "" : `${taken}::`);
    assert.match(after, uuid);
  });
}

test("what a server does for a request is for its id, also once the body is read, and for none without one", async () => {
  const app = fastify();
  followRequests(app, givenRequestId);
  app.post("/", async () => ({ before: currentRequestId(), asks: requestIdHeaders() }));
  const send = async (headers: Record<string, string>) =>
    (await app.inject({ method: "POST", url: "/", headers, payload: { some: "body" } })).json();

  const [one, none] = await Promise.all([send({ "x-vcap-request-id": "one" }), send({})]);

  assert.deepEqual(one, { before: "one", asks: { "x-vcap-request-id": "one" } });
  assert.deepEqual(none, { asks: {} });
});

test("what waits in a queue is logged for who put it there, not for who works it off", () => {
  const logger = new RecordingLogger();
  const queue: (() => void)[] = [];
  const put = (name: string) => queue.push(inThisContext(() => logger.info(name)));

  forRequest("first", () => put("of-the-first"));
  put("of-nobody");
  forRequest("second", () => {
    put("of-the-second");
    for (const work of queue) work();
    withoutLogData(() => logger.info("the-queue-itself"));
  });

  assert.deepEqual(
    logger.lines.map(({ event, data }) => [event, data["requestId"]]),
    [
      ["of-the-first", "first"],
      ["of-nobody", undefined],
      ["of-the-second", "second"],
      ["the-queue-itself", undefined],
    ],
  );
});
