import assert from "node:assert/strict";
import { test } from "node:test";
import type { EnvironmentVariable } from "#diego/models/action.ts";
import { processEnvironment, type ContainerSurroundings } from "./process-environment.ts";
import { runAction } from "./run-request-builder.ts";

const surroundings: ContainerSurroundings = {
  container: [{ name: "LANG", value: "en_US.UTF-8" }],
  instance: { instanceGuid: "instance-1", index: 2 },
  address: "10.254.0.7",
  ports: [{ containerPort: 8080, hostPort: 8080 }],
};

function environmentOf(
  overrides: Partial<ContainerSurroundings>,
  env: Record<string, string> = {},
  path = "/tmp/lifecycle/launcher",
): Record<string, string> {
  const variables = Object.entries(env).map(([name, value]): EnvironmentVariable => ({
    name,
    value,
  }));
  return Object.fromEntries(
    processEnvironment({ ...surroundings, ...overrides })(runAction({ path, env: variables })).map(
      ({ name, value }) => [name, value],
    ),
  );
}

test("an instance knows who and where it is", () => {
  assert.deepEqual(environmentOf({}), {
    LANG: "en_US.UTF-8",
    INSTANCE_GUID: "instance-1",
    INSTANCE_INDEX: "2",
    CF_INSTANCE_GUID: "instance-1",
    CF_INSTANCE_INDEX: "2",
    CF_INSTANCE_IP: "10.254.0.7",
    CF_INSTANCE_INTERNAL_IP: "10.254.0.7",
    CF_INSTANCE_PORT: "8080",
    CF_INSTANCE_ADDR: "10.254.0.7:8080",
    CF_INSTANCE_PORTS: '[{"external":8080,"internal":8080}]',
  });
});

test("a task has an address, but is no instance and has no ports", () => {
  assert.deepEqual(environmentOf({ instance: undefined, ports: [] }), {
    LANG: "en_US.UTF-8",
    CF_INSTANCE_IP: "10.254.0.7",
    CF_INSTANCE_INTERNAL_IP: "10.254.0.7",
    CF_INSTANCE_PORT: "",
    CF_INSTANCE_ADDR: "",
    CF_INSTANCE_PORTS: "[]",
  });
});

test("the action's variables win over the container's, the network's over the action's", () => {
  const env = environmentOf({}, { LANG: "C", CF_INSTANCE_IP: "6.6.6.6", MINE: "yes" });

  assert.equal(env["LANG"], "C");
  assert.equal(env["CF_INSTANCE_IP"], "10.254.0.7");
  assert.equal(env["MINE"], "yes");
});

test("the launcher finds VCAP_APPLICATION complete and in order", () => {
  const env = environmentOf({}, { PORT: "8080", VCAP_APPLICATION: '{"name":"web","fds":1}' });

  assert.equal(
    env["VCAP_APPLICATION"],
    '{"fds":1,"host":"0.0.0.0","instance_id":"instance-1","instance_index":2,"name":"web","port":8080}',
  );
});

test("a task's launcher finds neither index nor port in VCAP_APPLICATION", () => {
  const env = environmentOf({ instance: undefined, ports: [] }, { VCAP_APPLICATION: "{}" });

  assert.equal(env["VCAP_APPLICATION"], '{"host":"0.0.0.0","instance_id":""}');
});

test("VCAP_APPLICATION is left alone for other programs, and where it is no object", () => {
  const builder = environmentOf({}, { VCAP_APPLICATION: "{}" }, "/tmp/lifecycle/builder");
  assert.equal(builder["VCAP_APPLICATION"], "{}");
  for (const odd of ["", "[1]", "{", "null"]) {
    assert.equal(environmentOf({}, { VCAP_APPLICATION: odd })["VCAP_APPLICATION"], odd);
  }
});

test("without a network of its own an app is told the port of the host", () => {
  const ports = [{ containerPort: 8080, hostPort: 40_123 }];
  const env = environmentOf(
    { ports, address: "127.0.0.1" },
    { PORT: "8080", VCAP_APP_PORT: "8080", OTHER: "8080", VCAP_APPLICATION: "{}" },
  );

  assert.equal(env["PORT"], "40123");
  assert.equal(env["VCAP_APP_PORT"], "40123");
  assert.equal(env["OTHER"], "8080");
  assert.equal(env["CF_INSTANCE_ADDR"], "127.0.0.1:40123");
  assert.match(env["VCAP_APPLICATION"] ?? "", /"port":40123/);
});
