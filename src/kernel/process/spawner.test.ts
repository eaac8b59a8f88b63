import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { CommandFailed } from "./run-command.ts";
import { Spawner } from "./spawner.ts";

async function bench(t: TestContext) {
  const spawner = new Spawner();
  const folder = await mkdtemp(path.join(tmpdir(), "rivera-spawner-"));
  t.after(async () => {
    await spawner[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  return { spawner, folder, sh: (script: string) => ["-c", script] };
}

test("a program's status, signal and both of its outputs are told", async (t) => {
  const { spawner, sh } = await bench(t);

  assert.deepEqual(await spawner.run("sh", sh("echo out; echo err >&2; exit 7")), {
    status: 7,
    signal: null,
    stdout: "out\n",
    stderr: "err\n",
  });
  const killed = await spawner.run("sh", sh("kill -TERM $$"));
  assert.deepEqual([killed.status, killed.signal], [null, "SIGTERM"]);
});

test("a program has its arguments, its folder, PATH alone and what it is to read", async (t) => {
  const { spawner, folder, sh } = await bench(t);

  const script = 'cat; pwd; env | grep -v "^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD="; printf "<%s>" "$@"';
  const args = [...sh(script), "sh", "", "two words", "$x\n'\""];
  const { stdout } = await spawner.run("bash", args, { cwd: folder, input: "text\n" });

  assert.match(stdout, new RegExp(`^text\\n${folder}\\nPATH=/[^\\n]*\\n<><two words><\\$x\\n'">$`));
});

test("files are read from and written to, new ones only, with mode 0600", async (t) => {
  const { spawner, folder } = await bench(t);
  const [from, to] = [path.join(folder, "from"), path.join(folder, "to")];
  await writeFile(from, Buffer.alloc(300_000, "rivera"));

  const copy = () => spawner.run("cat", [], { input: { file: from }, output: { file: to } });
  assert.equal((await copy()).status, 0);
  assert.ok((await readFile(to)).equals(await readFile(from)));
  assert.equal((await stat(to)).mode & 0o777, 0o600);
  const again = await copy();
  assert.deepEqual([again.status, again.stderr], [127, `make ${to}: File exists\n`]);
});

test("a file of perl has arguments, folder, input, outputs and status as any program", async (t) => {
  const { spawner, folder } = await bench(t);
  const file = path.join(folder, "it.pl");
  const perl = async (text: string, args: readonly string[] = []) => {
    await writeFile(file, text);
    const { status, signal, stdout, stderr } = await spawner.run("perl", [file, ...args], {
      cwd: folder,
      input: "typed\n",
    });
    return [status ?? signal, stdout, stderr];
  };
  const all =
    'use strict; print <STDIN>, qx(pwd), map { "<$_>" } @ARGV; print STDERR "err"; exit 7;';

  assert.deepEqual(await perl(all, ["", "two words", "'\n"]), [
    7,
    `typed\n${folder}\n<><two words><'\n>`,
    "err",
  ]);
  assert.deepEqual(await perl("print 1; 0"), [0, "1", ""]);
  assert.deepEqual(await perl('die "why\\n"'), [255, "", "why\n"]);
  assert.deepEqual(await perl("kill 'TERM', $$; sleep 60"), ["SIGTERM", "", ""]);
  assert.deepEqual(await perl("exec 'echo', 'another'"), [0, "another\n", ""]);
  assert.match(String((await perl("my $x = ;"))[2]), /^syntax error at .*it\.pl line 1/);
  await rm(file);
  const gone = await spawner.run("perl", [file]);
  assert.deepEqual([gone.status, gone.stderr], [127, `run ${file}: No such file or directory\n`]);
});

test("a file of perl that leaves a child is over when it ends; the child shows as that file", async (t) => {
  const { spawner, folder } = await bench(t);
  const file = path.join(folder, "leaves.pl");
  await writeFile(
    file,
    `my $pid = fork;
    if ($pid) { print $pid; exit 3 }
    open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
    sleep 60;`,
  );

  const { status, stdout } = await spawner.run("perl", [file, folder]);

  assert.equal(status, 3);
  const commandLine = await readFile(`/proc/${stdout}/cmdline`, "utf8");
  process.kill(Number(stdout), "SIGKILL");
  assert.equal(commandLine.split("\0", 1)[0], `perl ${file} ${folder}`);
});

test("many run at once, and long outputs do not mix", async (t) => {
  const { spawner, sh } = await bench(t);

  const lengths = Array.from({ length: 20 }, (_, at) => 1000 + at * 9000);
  const results = await Promise.all(
    lengths.map((length, at) =>
      spawner.run(
        "sh",
        sh(`head -c ${length} /dev/zero | tr '\\0' ${String.fromCharCode(97 + at)}`),
      ),
    ),
  );

  results.forEach(({ stdout }, at) => {
    assert.ok(stdout === String.fromCharCode(97 + at).repeat(lengths[at] ?? 0), `program ${at}`);
  });
});

test("what cannot be run is told with its reason", async (t) => {
  const { spawner } = await bench(t);

  await assert.rejects(spawner.runChecked("/no/such/program", ["x"]), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.equal(error.result.status, 127);
    assert.match(error.message, /run \/no\/such\/program: No such file or directory/);
    return true;
  });
  const { status, stderr } = await spawner.run("true", [], { cwd: "/no/such/folder" });
  assert.deepEqual([status, stderr], [127, "enter /no/such/folder: No such file or directory\n"]);
});

test("a program is killed by a signal's abort and at the end of its time, whoever holds its output", async (t) => {
  const { spawner, sh } = await bench(t);
  const stop = new AbortController();

  const stopped = spawner.run("sh", sh("sleep 30 & sleep 30"), { signal: stop.signal });
  const late = spawner.run("sh", sh("sleep 30 & sleep 30"), { timeoutMs: 10 });
  stop.abort(new Error("enough"));

  await assert.rejects(stopped, /enough/);
  assert.equal((await late).signal, "SIGKILL");
});

test("a program whose end is asked for at once ends, however soon that comes", async (t) => {
  const { spawner, sh } = await bench(t);
  const runs = Array.from({ length: 60 }, () => {
    const stop = new AbortController();
    const run = spawner.run("sh", sh("sleep 30"), { signal: stop.signal });
    stop.abort(new Error("enough"));
    return run;
  });

  const ends = await Promise.allSettled(runs);
  assert.ok(ends.every((end) => end.status === "rejected" && /enough/.test(String(end.reason))));
});

test("what it writes nowhere ends nobody's waiting: a program is over although its child goes on", async (t) => {
  const { spawner, sh } = await bench(t);

  const { status } = await spawner.run("sh", sh("sleep 30 & exit 3"), { output: "nowhere" });

  assert.equal(status, 3);
});

test("who waits hears of it when the process that starts the others is killed; the next start makes a new one", async (t) => {
  const { spawner, sh } = await bench(t);

  const server = await spawner.run("sh", sh("ps -o ppid= -p $PPID"));
  const waiting = spawner.run("sh", sh("sleep 30"));
  process.kill(Number(server.stdout), "SIGKILL");

  await assert.rejects(waiting, /that starts others has ended/);
  assert.equal((await spawner.run("echo", ["again"])).stdout, "again\n");
});

test("it ends with a platform that is killed, and what it has started goes on", async () => {
  const script = `
    import { Spawner } from ${JSON.stringify(path.join(import.meta.dirname, "spawner.ts"))};
    const spawner = new Spawner();
    const { stdout } = await spawner.run("sh", ["-c", "ps -o ppid= -p $PPID"]);
    void spawner.run("sh", ["-c", "echo $$; exec sleep 30"], { output: { file: process.argv[1] } });
    process.stdout.write(stdout);
  `;
  const folder = await mkdtemp(path.join(tmpdir(), "rivera-spawner-"));
  const file = path.join(folder, "pid");
  const args = ["--input-type=module-typescript", "-e", script, file];
  const platform = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [server] = await once(platform.stdout, "data");
  const program = await eventually(async () => Number(await readFile(file, "utf8")) || undefined);
  platform.kill("SIGKILL");

  await eventually(async () => (isAlive(Number(server)) ? undefined : true));
  assert.ok(isAlive(program));
  process.kill(program, "SIGKILL");
  await rm(folder, { recursive: true });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Until it is something; the test's own time is the limit. */
async function eventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined) return found;
    await setTimeout(10);
  }
}
