import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeProcesses, parseLaunchYaml, processTypes } from "./processes.ts";

const web = processTypes(new Map([["web", "a"]]));

test("mergeProcesses() replaces a process type in its place and appends new ones", () => {
  const merged = mergeProcesses(
    processTypes(new Map(Object.entries({ web: "a", worker: "b" }))),
    processTypes(new Map(Object.entries({ clock: "c", web: "d" }))),
  );
  assert.deepEqual(
    merged.map(({ type, command }) => [type, command]),
    [
      ["web", "d"],
      ["worker", "b"],
      ["clock", "c"],
    ],
  );
});

test("a process type with a sidecar's name takes the sidecar's place", () => {
  const sidecar = { type: "proxy", command: "p", sidecarFor: ["web"], memoryMb: 32 };
  const merged = mergeProcesses([...web, sidecar], processTypes(new Map([["proxy", "q"]])));
  assert.deepEqual(
    merged.map(({ type, sidecarFor }) => [type, sidecarFor]),
    [
      ["web", []],
      ["proxy", []],
    ],
  );
});

test("parseLaunchYaml() reads processes and sidecars", () => {
  const parsed = parseLaunchYaml(`processes:
- type: web
  command: run
- type: proxy
  command: 8080
  platforms: {cloudfoundry: {sidecar_for: [web, worker]}}
  limits: {memory: 32}
  unknown: ignored
`);
  assert.deepEqual(parsed, {
    kind: "processes",
    processes: [
      { type: "web", command: "run", sidecarFor: [], memoryMb: 0 },
      { type: "proxy", command: "8080", sidecarFor: ["web", "worker"], memoryMb: 32 },
    ],
  });
});

for (const source of [
  "processes: web",
  "processes: [web]",
  "processes:\n- type: [a]",
  "a: b: c",
  "processes:\n- {type: web, limits: {memory: lots}}",
]) {
  test(`parseLaunchYaml() refuses ${JSON.stringify(source)}`, () => {
    assert.equal(parseLaunchYaml(source).kind, "invalid");
  });
}
