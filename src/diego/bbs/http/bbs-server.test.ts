import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { internalHeaders } from "#kernel/http/internal-auth.ts";
import { desiredLrpRequest } from "#diego/models/model-builders.ts";
import {
  DesiredLRPResponseSchema,
  DesiredLRPByProcessGuidRequestSchema,
} from "#diego/models/proto/desired_lrp_pb.js";
import { PingResponseSchema } from "#diego/models/proto/domain_pb.js";
import { Error_Type } from "#diego/models/proto/error_pb.js";
import { bbsTestBed, eventually, secret, type BbsTestBed } from "../bbs-test-bed.ts";

function post(bed: BbsTestBed, path: string, body: Uint8Array = new Uint8Array()) {
  return fetch(`${bed.url}${path}`, { method: "POST", headers: internalHeaders(secret), body });
}

test("nobody without the secret is heard, wherever they knock", async () => {
  await using bed = await bbsTestBed();
  for (const path of ["/v1/ping", "/v1/events/tasks.r1", "/healthz", "/nowhere"]) {
    for (const headers of [{}, internalHeaders(`${secret}x` as typeof secret)]) {
      const response = await fetch(`${bed.url}${path}`, { method: "POST", headers });
      assert.equal(response.status, 401, path);
    }
  }
});

test("a ping is answered in protobuf with its length", async () => {
  await using bed = await bbsTestBed();
  const response = await post(bed, "/v1/ping");

  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/x-protobuf");
  assert.equal(response.headers.get("content-length"), "2");
  assert.equal(fromBinary(PingResponseSchema, await response.bytes()).available, true);
});

test("a refusal has status 200 and says why in its message", async () => {
  await using bed = await bbsTestBed();
  const schema = DesiredLRPByProcessGuidRequestSchema;
  const response = await post(
    bed,
    "/v1/desired_lrps/get_by_process_guid.r3",
    toBinary(schema, create(schema, { processGuid: "web-1" })),
  );

  assert.equal(response.status, 200);
  const { error } = fromBinary(DesiredLRPResponseSchema, await response.bytes());
  assert.equal(error?.type, Error_Type.ResourceNotFound);
  assert.equal(error.message, 'There is no DesiredLRP "web-1"');
});

test("a body that is no message is refused as an invalid request", async () => {
  await using bed = await bbsTestBed();
  const response = await post(bed, "/v1/desired_lrp/desire.r2", Buffer.from("ffffffff", "hex"));
  const { error } = fromBinary(DesiredLRPResponseSchema, await response.bytes());
  assert.equal(error?.type, Error_Type.InvalidRequest);
});

test("routes that are not ours are 404, a body that is too large is 413", async () => {
  await using bed = await bbsTestBed();
  assert.equal((await post(bed, "/v1/desired_lrp/desire")).status, 404);
  assert.equal((await post(bed, "/healthz")).status, 404);
  const tooLarge = new Uint8Array(4 * 1024 * 1024 + 1);
  assert.equal((await post(bed, "/v1/desired_lrp/desire.r2", tooLarge)).status, 413);
});

test("operators see that it lives and what its loop last did", async () => {
  await using bed = await bbsTestBed();
  await bed.client.desireLrp(desiredLrpRequest({ instances: 0 }));
  await bed.client.updateDesiredLrp("web-1", { instances: 0 });
  await bed.converge();
  const headers = internalHeaders(secret);

  assert.equal((await fetch(`${bed.url}/healthz`, { headers })).status, 200);
  const loops: unknown = await (await fetch(`${bed.url}/loops`, { headers })).json();
  assert.ok(Array.isArray(loops));
  assert.equal(loops[0].name, "bbs.convergence");
  assert.deepEqual(loops[0].lastResult, { lrps: {}, tasks: {} });
});

test("events look on the wire as Diego's do: an id from 0 on each connection, a name, base64", async () => {
  await using bed = await bbsTestBed();
  const read = async (): Promise<string> => {
    const response = await post(bed, "/v1/events/lrp_instances.r1");
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.ok(response.body !== null);
    const processGuid = `web-${Math.random().toString(36).slice(2)}`;
    await bed.client.desireLrp(desiredLrpRequest({ processGuid, instances: 0 }));
    let text = "";
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      if (text.endsWith("\n\n")) break;
    }
    return text;
  };

  for (const connection of [await read(), await read()]) {
    assert.match(connection, /^id: 0\nevent: desired_lrp_created\ndata: [A-Za-z0-9+/]+={0,2}\n\n$/);
  }
});

test("a subscriber to one cell hears of its instances and of every DesiredLRP", async () => {
  await using bed = await bbsTestBed();
  const heard: string[] = [];
  const onCellA = Buffer.concat([Buffer.from([0x0a, 6]), Buffer.from("cell-a")]);
  const response = await post(bed, "/v1/events/lrp_instances.r1", onCellA);
  const listening = (async () => {
    for await (const chunk of response.body ?? []) {
      const names = Buffer.from(chunk)
        .toString()
        .match(/(?<=event: ).*/g);
      heard.push(...(names ?? []));
    }
  })().catch(() => undefined);
  const key = { processGuid: "web-1", index: 0, domain: "cf-apps" };
  await bed.client.desireLrp(desiredLrpRequest({ instances: 2 }));
  await bed.client.claimActualLrp({ ...key, index: 1 }, { instanceGuid: "i", cellId: "cell-b" });
  await bed.client.claimActualLrp(key, { instanceGuid: "i", cellId: "cell-a" });
  await eventually(() => heard.length === 2);
  await bed[Symbol.asyncDispose]();
  await listening;

  assert.deepEqual(heard, ["desired_lrp_created", "actual_lrp_instance_changed"]);
});

test("a consumer that does not read is cut off, and costs the others nothing", async () => {
  await using bed = await bbsTestBed({ eventBufferSize: 16 });
  const { hostname, port } = new URL(bed.url);
  const stuck = request({
    hostname,
    port,
    path: "/v1/events/lrp_instances.r1",
    method: "POST",
    headers: internalHeaders(secret),
  });
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  let isCut = false;
  stuck.on("error", () => undefined);
  stuck.on("response", (response) => {
    response.pause();
    response.on("error", () => undefined);
    response.on("close", () => (isCut = true));
    resolve();
  });
  stuck.end();
  await connected;

  const annotation = "x".repeat(10_000);
  await bed.client.desireLrp(desiredLrpRequest({ instances: 0, annotation }));
  const cut = () => bed.logger.lines.some(({ event }) => event === "slow-event-consumer-closed");
  for (let update = 0; update < 4_000 && !cut(); update += 1) {
    await bed.client.updateDesiredLrp("web-1", { annotation });
  }

  assert.ok(cut());
  stuck.destroy();
  await eventually(() => isCut);
  assert.equal((await bed.client.desiredLrps()).length, 1);
});
