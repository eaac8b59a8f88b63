import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { SnapshotRefused } from "../../runtime/container-runtime.ts";
import { ScriptSnapshots } from "./script-snapshots.ts";

function asked(lines: readonly string[], refused = "") {
  const taken: string[] = [];
  const snapshots = new ScriptSnapshots({
    logger: new RecordingLogger(),
    snapshots: {
      take: async (name) => {
        if (name === refused) throw new SnapshotRefused("so");
        taken.push(name);
      },
      read: () => Readable.from([]),
    },
  });
  const answers = lines.map((line) => snapshots.asked(Buffer.from(line)));
  const answered = Promise.all(answers.filter((answer) => answer !== undefined));
  return { taken, snapshots, answers, answered };
}

const line = (snapshot: string, more = {}) => JSON.stringify({ snapshot, buildpack: "b", ...more });

test("what a script finds is kept in the order of the scripts, but for the first, which finds what every staging does", async () => {
  const { taken, snapshots, answered } = asked([
    line("supply:0", { first: true }),
    line("supply:1"),
    line("finalize:1"),
  ]);

  await answered;

  assert.deepEqual(taken, ["supply:1", "finalize:1"]);
  assert.deepEqual(snapshots.list(), [
    { script: "supply:0", buildpack: "b", isFirst: true },
    { script: "supply:1", buildpack: "b", isFirst: false },
    { script: "finalize:1", buildpack: "b", isFirst: false },
  ]);
});

test("a script before which nothing could be kept is none to go on from, and the builder is answered", async () => {
  const lines = [line("supply:1"), line("finalize:1")];
  const { snapshots, answered } = asked(lines, "supply:1");

  assert.equal((await answered).length, 2);

  assert.deepEqual(
    snapshots.list().map(({ script }) => script),
    ["finalize:1"],
  );
});

test("other lines of the trace ask for nothing, and nonsense that looks alike gets its answer", async () => {
  const nonsense = [
    '{"snapshot":',
    line("../1"),
    line("release:1"),
    line("supply:1", { buildpack: 1 }),
  ];
  const { taken, answers, answered } = asked(['{"phase":"supply"}', "", ...nonsense]);

  assert.deepEqual(answers.slice(0, 2), [undefined, undefined]);
  assert.ok(answers.slice(2).every((each) => each instanceof Promise));
  await answered;
  assert.deepEqual(taken, []);
});

test("no more are kept than a staging has scripts, whoever asks", async () => {
  const lines = Array.from({ length: 200 }, (_, index) => line(`supply:${index}`));
  const { snapshots, answered } = asked(lines);

  await answered;

  assert.equal(snapshots.list().length, 64);
});
