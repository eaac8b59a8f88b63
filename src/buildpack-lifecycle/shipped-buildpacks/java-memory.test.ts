import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { buildpacksDir } from "./shipped-buildpacks.ts";

const program = path.join(buildpacksDir, "java_buildpack/launch/java-memory");

function shared(env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(program, {
    env: { PATH: "/usr/bin:/bin", JAVA_CLASS_COUNT: "8000", ...env },
    encoding: "utf8",
  });
  return { status, options: stdout.trim().split(" "), stderr };
}

test("the memory of a JVM is shared out by the calculator's formula", () => {
  // 35000 * 0.35 classes of 5800 bytes and 14 MB: metaspace; the heap is what 250 threads of 1 MB leave of 1 GB.
  assert.deepEqual(shared({ MEMORY_LIMIT: "1g" }), {
    status: 0,
    options: [
      "-XX:MaxMetaspaceSize=83056K",
      "-XX:ReservedCodeCacheSize=245760K",
      "-XX:MaxDirectMemorySize=10240K",
      "-Xss1024K",
      "-Xmx453520K",
    ],
    stderr: "",
  });
});

test("threads, headroom and what JAVA_OPTS says count", () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ BPL_JVM_THREAD_COUNT: "50" }, "-Xmx658320K"],
    [{ JBP_CONFIG_OPEN_JDK_JRE: "{ memory_calculator: { stack_threads: 50 } }" }, "-Xmx658320K"],
    [{ BPL_JVM_THREAD_COUNT: "50", BPL_JVM_HEAD_ROOM: "10" }, "-Xmx553462K"],
    [{ JAVA_OPTS: "-Xss512k" }, "-Xmx581520K"],
  ];
  for (const [env, heap] of cases) {
    assert.equal(shared({ MEMORY_LIMIT: "1024m", ...env }).options.at(-1), heap);
  }
  const given = shared({ MEMORY_LIMIT: "1g", JAVA_OPTS: "-Xmx300m" });
  assert.ok(!given.options.some((option) => option.startsWith("-Xmx")));
});

test("where the formula leaves no heap the regions are smaller, and where nothing fits it is said", () => {
  const small = shared({ MEMORY_LIMIT: "256m" });
  assert.equal(small.options.at(-1), "-Xmx94096K");
  assert.match(small.stderr, /256m is little for a JVM/);

  const none = shared({ MEMORY_LIMIT: "128m" });
  assert.equal(none.status, 1);
  assert.match(none.stderr, /128m is too little: 164M are needed beside the heap/);
});

test("without a limit the JVM decides itself", () => {
  assert.deepEqual(shared({}).options, [""]);
});
